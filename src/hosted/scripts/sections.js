// Marks in the navigation which section one is at, hands on to the next form
// which section one came from, and leads the focus to what went wrong there.

const links = [...document.querySelectorAll(".sections a[href^='#']")];

if (links.length > 0) {
  const panels = links.map((link) => document.getElementById(link.hash.slice(1)));
  const mark = () => {
    const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
    const passed = panels.filter((panel) => panel !== null && panel.getBoundingClientRect().top < innerHeight / 3);
    const current = (atEnd && scrollY > 0 ? panels.at(-1) : passed.at(-1)) ?? panels[0];
    for (const [at, link] of links.entries()) {
      if (panels[at] === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", mark, { passive: true });
  addEventListener("resize", mark, { passive: true });
  mark();
}

const section = /^#after-[\w-]+$/.exec(location.hash)?.[0];
if (section !== undefined) {
  for (const form of document.querySelectorAll(".narrow form[method='post']:not(.sheet)")) form.action += section;
}

document
  .querySelector(".notice.error[role='alert']")
  ?.focus({ preventScroll: section === undefined && links.length === 0 });
