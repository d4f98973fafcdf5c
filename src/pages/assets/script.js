// What a page can do beyond what forms can. Without it everything works but passkeys.
"use strict";

const all = (selector, act) => document.querySelectorAll(selector).forEach(act);
const textOf = (id) => document.getElementById(id).textContent.trim();

// Shows a button that only a script can serve.
const serve = (selector, act) =>
  all(selector, (button) => {
    button.hidden = false;
    button.addEventListener("click", () => act(button));
  });

serve("[data-copy]", async (button) => {
  await navigator.clipboard.writeText(textOf(button.dataset.copy));
  button.textContent = button.dataset.done;
});

serve("[data-download]", (button) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([textOf(button.dataset.download) + "\n"], { type: "text/plain" }));
  link.download = button.dataset.name;
  link.click();
  URL.revokeObjectURL(link.href);
});

serve("[data-print]", () => window.print());

// Passkeys and security keys: asks one, and sends what it answers with the form. A form begins by itself at the address
// in data-start, or has what to ask in data-options; with data-create a new key is made.
let waiting;

const begin = async (form) => {
  if (form.dataset.options) return { options: JSON.parse(form.dataset.options) };
  const body = JSON.stringify(form.dataset.kind ? { kind: form.dataset.kind } : {});
  const headers = { "content-type": "application/json" };
  const answer = await fetch(form.dataset.start, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(answer.statusText);
  const { flow, options, webauthn_options = options } = await answer.json();
  return { flow, options: webauthn_options };
};

const ask = async (form, mediation) => {
  waiting?.abort();
  const mine = (waiting = new AbortController());
  const { flow, options } = await begin(form);
  const { signal } = mine;
  const credential =
    "create" in form.dataset
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options), signal })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), mediation, signal });
  if (flow) form.elements.flow.value = flow;
  form.elements.webauthn_response.value = JSON.stringify(credential.toJSON());
  const remember = document.querySelector("[name=remember]:checked");
  if (remember) form.append(remember.cloneNode());
  form.submit();
};

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  all("form[data-key]", async (form) => {
    const failed = form.querySelector("[role=alert]");
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      failed.hidden = true;
      ask(form).catch(() => (failed.hidden = false));
    });
    if ("autofill" in form.dataset && (await PublicKeyCredential.isConditionalMediationAvailable?.())) {
      ask(form, "conditional").catch(() => {});
    }
  });
}

// What the service makes of a new password, told as soon as its field is left.
all("[data-strength]", (input) => {
  const verdict = document.createElement("p");
  verdict.setAttribute("role", "status");
  input.after(verdict);
  let judged = "";
  input.addEventListener("input", () => (verdict.textContent = ""));
  input.addEventListener("change", async () => {
    const form = new FormData(input.form);
    const body = new URLSearchParams({ password: (judged = input.value) });
    for (const name of ["username", "email"]) if (form.has(name)) body.set(name, form.get(name));
    const answer = await fetch("/password-strength", { method: "POST", body });
    if (!answer.ok || judged !== input.value || !judged) return;
    const { good, text } = await answer.json();
    verdict.className = good ? "strength good" : "strength bad";
    verdict.textContent = text;
  });
});
