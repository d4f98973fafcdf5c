// What a page can do beyond what forms can. Without it everything works but passkeys.
"use strict";

const all = (selector, act) => document.querySelectorAll(selector).forEach(act);
const text = (id) => document.getElementById(id).textContent.trim();

// Shows a button that only a script can serve, and says what it did.
const serve = (selector, act) =>
  all(selector, (button) => {
    button.hidden = false;
    button.addEventListener("click", () => act(button));
  });

serve("[data-copy]", async (button) => {
  await navigator.clipboard.writeText(text(button.dataset.copy));
  button.textContent = button.dataset.done || button.textContent;
});

serve("[data-download]", (button) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text(button.dataset.download) + "\n"], { type: "text/plain" }));
  link.download = button.dataset.name;
  link.click();
  URL.revokeObjectURL(link.href);
});

serve("[data-print]", () => window.print());
