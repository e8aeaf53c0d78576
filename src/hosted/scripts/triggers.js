// Buttons of methods that need a script name the function that it brings; so do fields that want one called at once.

let lastTrigger;

const call = (name) => {
  const trigger = window[name];
  if (typeof trigger === "function") trigger();
  return typeof trigger === "function";
};

for (const button of document.querySelectorAll("button[data-onclick-trigger]")) {
  button.addEventListener("click", () => {
    lastTrigger = button;
    button.parentElement.querySelector("[data-says-failed]")?.remove();
    call(button.dataset.onclickTrigger);
  });
}

// The script may come after this one.
for (const element of document.querySelectorAll("[data-onload-trigger]")) {
  const { onloadTrigger } = element.dataset;
  if (!call(onloadTrigger)) window.addEventListener("load", () => call(onloadTrigger), { once: true });
}

// What the browser refused, or the person cancelled, is said beside the button.
window.addEventListener("ory-webauthn-error", () => {
  if (lastTrigger?.dataset.failed === undefined) return;
  const text = document.createElement("p");
  text.className = "message error";
  text.setAttribute("role", "alert");
  text.dataset.saysFailed = "";
  text.textContent = lastTrigger.dataset.failed;
  lastTrigger.after(text);
});
