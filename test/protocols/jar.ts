/** The cookies of one browser, for one host. */
export interface Jar {
  /** Takes in `Set-Cookie` lines; a cookie that is over is dropped. */
  take(lines: readonly string[]): void;
  /** The `Cookie` header; undefined when there are none. */
  readonly header: string | undefined;
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  delete(name: string): void;
  readonly names: readonly string[];
}

/** Creates an empty jar. */
export const createJar = (): Jar => {
  const cookies = new Map<string, string>();
  return {
    take: (lines) => {
      for (const line of lines) {
        const [pair = "", ...attributes] = line.split(";");
        const at = pair.indexOf("=");
        const name = pair.slice(0, at).trim();
        const over = attributes.some((attribute) => attribute.trim().toLowerCase() === "max-age=0");
        if (over) cookies.delete(name);
        else cookies.set(name, pair.slice(at + 1).trim());
      }
    },
    get header() {
      return cookies.size === 0 ? undefined : [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    },
    get: (name) => cookies.get(name),
    set: (name, value) => void cookies.set(name, value),
    delete: (name) => void cookies.delete(name),
    get names() {
      return [...cookies.keys()];
    },
  };
};
