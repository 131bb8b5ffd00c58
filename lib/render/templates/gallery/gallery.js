// Copy buttons appear only where scripts run; without them, the text can be marked by hand.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const text = document.getElementById(button.dataset.copy);
  const said = document.getElementById(button.dataset.copy + "-said");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      said.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(text);
      said.textContent = document.execCommand("copy") ? "Copied." : "Marked: copy it with your keyboard.";
    }
  });
}
// Whether a box cuts something off at its side can change whenever its size does.
const cut = new ResizeObserver((boxes) => {
  for (const { target } of boxes) target.previousElementSibling.hidden = target.scrollWidth <= target.clientWidth;
});
for (const box of document.querySelectorAll(".swipe + .scroll")) cut.observe(box);
