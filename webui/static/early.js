// Whoever is quicker than the page's own scripts loses nothing: what is pressed or typed before they
// are there is kept, and told to them as soon as they are. Forms that the scanner itself takes are
// none of theirs.

{
  const typed = new Map();
  let pressed = null;
  const press = (event) => {
    const button = event.target.closest?.("button");
    if (!button || button.form?.method === "post") return;
    event.preventDefault();
    event.stopPropagation();
    pressed = button;
  };
  const type = (event) => {
    typed.set(event.target, (typed.get(event.target) ?? new Set()).add(event.type));
  };
  document.addEventListener("click", press, true);
  document.addEventListener("input", type, true);
  document.addEventListener("change", type, true);
  document.addEventListener("DOMContentLoaded", () => {
    document.removeEventListener("click", press, true);
    document.removeEventListener("input", type, true);
    document.removeEventListener("change", type, true);
    for (const [field, kinds] of typed) {
      for (const kind of kinds) field.dispatchEvent(new Event(kind, { bubbles: true }));
    }
    pressed?.click();
  });
}
