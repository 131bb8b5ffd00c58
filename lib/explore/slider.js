// A range input over a list of numbers, with its name before it and the number after it.

function render({ model, el }) {
  const options = model.get("options");
  const label = document.createElement("label");
  const range = document.createElement("input");
  const shown = document.createElement("output");
  Object.assign(range, { type: "range", min: 0, max: options.length - 1, step: 1 });
  label.className = "widget-label";
  label.title = model.get("hint");
  label.append(model.get("label"), range, shown);
  Object.assign(label.style, { display: "flex", alignItems: "center", gap: "6px" });
  el.append(label);

  function say() {
    shown.textContent = options[range.value];
    range.setAttribute("aria-valuetext", shown.textContent);
  }
  function follow() {
    range.value = options.indexOf(model.get("value"));
    range.disabled = model.get("disabled");
    say();
  }

  range.addEventListener("input", say);
  range.addEventListener("change", () => {
    model.set("value", options[range.value]);
    model.save_changes();
  });
  range.addEventListener("keydown", (event) => event.stopPropagation()); // the notebook has uses of its own for arrows
  model.on("change:value", follow);
  model.on("change:disabled", follow);
  follow();
}

export default { render };
