// Adds to package-lock.json the packages for other machines that npm left out: a
// registry that does not carry them makes `npm install` drop them without a
// word, and then `npm ci` refuses the lockfile everywhere. `make lock` runs this
// after a dependency changed; with --check it only tells (exit code 1).
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));

const systems = {
  android: "android",
  darwin: "darwin",
  freebsd: "freebsd",
  linux: "linux",
  openharmony: "openharmony",
  win32: "win32",
};
const processors = {
  arm: "arm",
  armv7: "arm",
  arm64: "arm64",
  ia32: "ia32",
  ppc64: "ppc64",
  riscv64: "riscv64",
  s390x: "s390x",
  x64: "x64",
};

/** Whether node would find `name` from the package at `where`. */
function isLocked(where, name) {
  const at = `${where === "" ? "" : `${where}/`}node_modules/${name}`;
  if (lock.packages[at]?.version !== undefined) return true;
  return (
    where !== "" &&
    isLocked(where.includes("/node_modules/") ? where.slice(0, where.lastIndexOf("/node_modules/")) : "", name)
  );
}

const added = [];
for (const [where, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    if (isLocked(where, name)) continue;
    // Such a package is named after the machine it is for: @biomejs/cli-linux-x64-musl.
    const words = name.slice(name.lastIndexOf("/") + 1).split("-");
    const os = words.map((word) => systems[word]).filter(Boolean);
    const cpu = words.map((word) => processors[word]).filter(Boolean);
    if (os.length !== 1 || cpu.length !== 1 || !/^\d+\.\d+\.\d+/.test(version))
      throw new Error(`${where} wants ${name} ${version}, which is in no registry and for no machine we know`);
    const libc = words.some((word) => word.startsWith("musl"))
      ? ["musl"]
      : words.some((word) => word.startsWith("gnu"))
        ? ["glibc"]
        : undefined;
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu,
      ...(dev && { dev }),
      ...(libc && { libc }),
      optional: true,
      os,
    };
    added.push(name);
  }
}
if (added.length > 0) {
  console.log(`package-lock.json lacks ${added.join(", ")}`);
  if (process.argv[2] === "--check") process.exit(1);
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en")));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
