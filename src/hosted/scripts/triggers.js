// Buttons of methods that need a script name the function that it brings.

for (const button of document.querySelectorAll("button[data-onclick-trigger]")) {
  button.addEventListener("click", () => {
    const trigger = window[button.dataset.onclickTrigger];
    if (typeof trigger === "function") trigger();
  });
}
