// The live chart: a picture, the numbers beside it, and a pointer that says which company or row it is on.

const REACH = 14; // pixels around a mark that still count as on it

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function render({ model, el }) {
  const above = element("div", { class: "above" });
  const below = element("div", { class: "below" });
  const picture = element("img");
  const spot = element("div", { class: "spot", "aria-hidden": "true" });
  const words = element("div", { class: "words", role: "status" });
  const stage = element(
    "div",
    { class: "stage", tabindex: "0", role: "group" },
    picture, spot, words,
  );
  const numbers = element("dl", { class: "numbers", "aria-live": "polite" });
  const error = element("p", { class: "error", role: "alert" });
  const save = element("button", { type: "button", class: "jupyter-button" }, "Export this view");
  const saved = element("span", { class: "saved", role: "status" });
  const copy = element("button", { type: "button", class: "jupyter-button" }, "Copy as command");
  const command = element("code");
  const actions = element("div", { class: "actions" }, save, copy, command, saved);
  el.classList.add("figure-view");
  el.append(numbers, error, above, stage, below, actions);

  let [at, named] = [-1, undefined]; // the mark that is named, by place and itself
  let held = false; // named until another is picked, wherever the pointer goes
  let address = "";

  function showPicture() {
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([model.get("picture")], { type: "image/png" }));
    picture.src = address;
    picture.alt = model.get("alt");
  }

  function showWords() {
    for (const [part, trait] of [[above, "above"], [below, "below"]]) {
      part.lang = model.get("language");
      part.replaceChildren(...model.get(trait).filter(Boolean).map((text) => element("p", {}, text)));
    }
    picture.lang = model.get("language");
  }

  function showNumbers() {
    numbers.replaceChildren(
      ...model.get("numbers").map(([name, value, published]) =>
        element(
          "div", { class: published ? "published" : "" },
          element("dt", {}, name), element("dd", {}, value, ...(published ? [element("small", {}, `article: ${published}`)] : [])),
        )),
    );
  }

  function showState() {
    const wrong = model.get("error");
    error.textContent = wrong;
    for (const part of [above, stage, below, numbers, actions]) part.hidden = Boolean(wrong);
    saved.textContent = model.get("saved");
    command.textContent = model.get("command");
  }

  function name(index) {
    at = index;
    const mark = (named = model.get("marks")[index]);
    stage.classList.toggle("named", Boolean(mark));
    words.textContent = mark ? mark[4] : "";
    if (!mark) return;
    const [left, top, right, bottom] = mark;
    Object.assign(spot.style, {
      left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%`,
    });
    const low = (top + bottom) / 2 < 0.5; // the words stand in the half that the mark is not in
    words.style.top = low ? `${100 * Math.max(bottom, 0.5)}%` : "";
    words.style.bottom = low ? "" : `${100 * (1 - Math.min(top, 0.5))}%`;
  }

  function nearest(event) {
    const box = picture.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    let [best, least] = [-1, REACH];
    model.get("marks").forEach(([left, top, right, bottom], index) => {
      const across = Math.max(left - x, 0, x - right) * box.width;
      const down = Math.max(top - y, 0, y - bottom) * box.height;
      // Of the boxes that the pointer is in, the one whose middle is nearest.
      const middle = Math.hypot((left + right) / 2 - x, (top + bottom) / 2 - y);
      const away = Math.hypot(across, down) + 1e-3 * middle;
      if (away < least) [best, least] = [index, away];
    });
    return best;
  }

  // Holds the words in place, or lets go of them; labels a company where the figure can.
  function pick(index) {
    const mark = model.get("marks")[index];
    held = Boolean(mark) && !(held && index === at);
    name(held ? index : -1);
    if (mark && mark[5]) model.send({ do: "pick", company: mark[5] });
  }

  function showMarks() {
    const marks = model.get("marks");
    const labels = marks.some((mark) => mark[5]);
    stage.setAttribute(
      "aria-label", `Chart. Arrow keys go from mark to mark; Enter ${labels ? "labels a company" : "holds"}; Escape lets go.`,
    );
    const company = held ? named?.[5] : "";
    held = Boolean(company) && marks.some((mark) => mark[5] === company);
    name(held ? marks.findIndex((mark) => mark[5] === company) : -1);
  }

  stage.addEventListener("pointermove", (event) => held || name(nearest(event)));
  stage.addEventListener("pointerleave", () => held || name(-1));
  stage.addEventListener("click", (event) => pick(nearest(event)));
  stage.addEventListener("keydown", (event) => {
    const count = model.get("marks").length;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step && count) name(at < 0 ? (step > 0 ? 0 : count - 1) : (at + step + count) % count);
    else if (event.key === "Home") name(0);
    else if (event.key === "End") name(count - 1);
    else if (event.key === "Enter") pick(at);
    else if (event.key === "Escape") { held = false; name(-1); }
    else return;
    event.preventDefault();
    event.stopPropagation(); // the notebook has uses of its own for these keys
  });

  save.addEventListener("click", () => model.send({ do: "export" }));
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(model.get("command"));
      saved.textContent = "Copied.";
    } catch { // a page that is not served securely may not
      getSelection().selectAllChildren(command);
      saved.textContent = "Selected: copy it with your keyboard.";
    }
  });

  model.on("change:picture", showPicture);
  for (const trait of ["above", "below", "language"]) model.on(`change:${trait}`, showWords);
  model.on("change:numbers", showNumbers);
  model.on("change:marks", showMarks);
  model.on("change:busy", () => stage.setAttribute("aria-busy", model.get("busy")));
  for (const trait of ["error", "saved", "command"]) model.on(`change:${trait}`, showState);
  showPicture();
  showWords();
  showNumbers();
  showMarks();
  showState();
  return () => URL.revokeObjectURL(address);
}

export default { render };
