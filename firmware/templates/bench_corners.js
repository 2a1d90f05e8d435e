// Shows only the pictures whose words have every word that was typed.
"use strict";
const form = document.getElementById("filter");
const words = document.getElementById("words");
const shots = [...document.querySelectorAll("article[data-words]")];

function show() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const shot of shots) {
    shot.hidden = !wanted.every((word) => shot.dataset.words.includes(word));
  }
  for (const gallery of document.querySelectorAll(".gallery")) {
    const seen = gallery.querySelectorAll("article:not([hidden])").length;
    gallery.hidden = !seen;
    gallery.querySelector(".number").textContent = seen;
  }
  const left = shots.filter((shot) => !shot.hidden).length;
  document.getElementById("shown").textContent = `${left} of ${shots.length} shown`;
}

form.addEventListener("submit", (event) => event.preventDefault());
words.addEventListener("input", show);
// A link leads to its pictures whatever was typed before.
form.parentElement.addEventListener("click", (event) => {
  if (event.target.closest("a")) {
    words.value = "";
    show();
  }
});
form.hidden = false;
show();
