import { useSyncExternalStore } from "react";

/** The page that is shown: `#/settings`, with what stands after the question mark. */
export const usePage = (): { readonly name: string; readonly query: URLSearchParams } => {
  const hash = useSyncExternalStore(
    (changed) => {
      addEventListener("hashchange", changed);
      return () => removeEventListener("hashchange", changed);
    },
    () => location.hash,
  );
  const [name = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return { name: name || "settings", query: new URLSearchParams(query) };
};

/** Goes to a page. */
export const goTo = (page: string): void => {
  location.hash = `#/${page}`;
};
