"""The OV-coherent pair task: what two heads learn, what one head could do, and which statements survive."""
