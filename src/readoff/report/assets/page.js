// Sort and filter the verdict table, unfold what a link or the printer needs. The page reads without this.
"use strict";
const table = document.querySelector("table.verdicts");

function words(select, values) {
  for (const value of values) select.add(new Option(value, value));
}

function filters(rows) {
  const bar = document.createElement("p");
  bar.className = "filters";
  const find = Object.assign(document.createElement("input"), { type: "search", placeholder: "Find in the table" });
  find.setAttribute("aria-label", "Find in the table");
  const lists = ["verdict", "study"].map((name) => {
    const select = document.createElement("select");
    select.setAttribute("aria-label", "Show one " + name);
    select.add(new Option(name === "verdict" ? "all verdicts" : "all studies", ""));
    words(select, new Set(rows.map((row) => row.dataset[name])));
    return select;
  });
  const count = document.createElement("output");
  const show = () => {
    const text = find.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = (!lists[0].value || row.dataset.verdict === lists[0].value)
        && (!lists[1].value || row.dataset.study === lists[1].value)
        && row.textContent.toLowerCase().includes(text);
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = shown === rows.length ? "" : shown + " of " + rows.length;
  };
  for (const input of [find, ...lists]) input.addEventListener("input", show);
  bar.append(find, ...lists, count);
  return bar;
}

function sortable(heading, column, rows) {
  const button = document.createElement("button");
  button.textContent = heading.textContent;
  heading.replaceChildren(button);
  button.addEventListener("click", () => {
    const up = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of heading.parentNode.children) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = (row) => row.cells[column].textContent.trim();
    const sorted = [...rows].sort((a, b) => key(a).localeCompare(key(b), "en", { numeric: true }));
    table.tBodies[0].append(...(up ? sorted : sorted.reverse()));
  });
}

if (table) {
  const rows = [...table.tBodies[0].rows];
  table.parentNode.before(filters(rows));
  [...table.tHead.rows[0].cells].forEach((heading, column) => sortable(heading, column, rows));
}

addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("main details")) fold.open = true;
});
