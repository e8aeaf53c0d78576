// Adds a button to what may be wanted elsewhere.

const textOf = (element) => {
  const parts = element.matches("ul")
    ? [...element.children].map((item) => item.textContent.trim())
    : element.matches("dl")
      ? [...element.children].map((row) => [...row.children].map((cell) => cell.textContent.trim()).join(": "))
      : [element.querySelector("code")?.textContent.trim() ?? ""];
  return parts.join("\n");
};

if (navigator.clipboard !== undefined) {
  for (const element of document.querySelectorAll("[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copies";
    button.textContent = element.dataset.copy;
    const text = textOf(element);
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = element.dataset.copied;
      setTimeout(() => {
        button.textContent = element.dataset.copy;
      }, 2_000);
    });
    const isList = element.matches("ul");
    const holder = isList
      ? document.createElement("li")
      : element.matches("dl")
        ? document.createElement("div")
        : element;
    holder.setAttribute?.("data-copies", "");
    holder.append(button);
    if (holder !== element) element.append(holder);
  }
}
