// Filter the verdict table, unfold what a link or the printer needs. The page reads without this.
"use strict";
const table = document.querySelector("table.verdicts");

function words(select, values) {
  for (const value of values) select.add(new Option(value, value));
}

function filters(rows, groups) {
  const bar = document.createElement("p");
  bar.className = "filters";
  const find = Object.assign(document.createElement("input"), { type: "search", placeholder: "Find in the table" });
  find.setAttribute("aria-label", "Find in the table");
  const lists = ["verdict", "study"].map((name) => {
    const select = document.createElement("select");
    select.setAttribute("aria-label", "Show one " + name);
    select.add(new Option(name === "verdict" ? "all verdicts" : "all studies", ""));
    words(select, new Set(name === "verdict" ? rows.map((row) => row.dataset.verdict) : groups.map((group) => group.dataset.study)));
    return select;
  });
  const count = document.createElement("output");
  const show = () => {
    const text = find.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const question = row.parentNode;
      const fits = (!lists[0].value || row.dataset.verdict === lists[0].value)
        && (!lists[1].value || question.dataset.study === lists[1].value)
        && (question.rows[0].textContent + row.textContent).toLowerCase().includes(text);
      row.hidden = !fits;
      shown += fits;
    }
    for (const group of groups) group.hidden = ![...group.rows].slice(1).some((row) => !row.hidden);
    count.textContent = shown === rows.length ? "" : shown + " of " + rows.length;
  };
  for (const input of [find, ...lists]) input.addEventListener("input", show);
  bar.append(find, ...lists, count);
  return bar;
}

if (table) {
  table.parentNode.before(filters([...table.querySelectorAll("tr[data-verdict]")], [...table.tBodies]));
}

addEventListener("beforeprint", () => {
  for (const fold of document.querySelectorAll("main details")) fold.open = true;
});
