import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

/*
 * What other languages need to build clients, from their registries. It is
 * downloaded once, into .cache/clients, by whichever test needs it first.
 */

const execute = promisify(execFile);

export const root = path.resolve(import.meta.dirname, "../..");

const cache = path.join(root, ".cache/clients");

/** For programs of Java that run once and end soon: what they would spend on optimizing themselves is not got back. */
export const runsOnce = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"] as const;

/** The same for Maven, whose compiler of Kotlin leaves no process behind. */
export const mavenOptions = {
  MAVEN_OPTS: [process.env.MAVEN_OPTS, ...runsOnce, "-Dkotlin.compiler.daemon=false"].filter(Boolean).join(" "),
};

/** What running a program needs. */
interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Runs a program to its end and gives what it printed. @throws Error with all of its output when it fails */
export const run = async (program: string, args: readonly string[], options: RunOptions = {}): Promise<string> => {
  const child = execute(program, args, {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...mavenOptions, ...options.env },
    maxBuffer: 64_000_000,
    encoding: "utf8",
  });
  if (options.input !== undefined) child.child.stdin?.end(options.input);
  try {
    return (await child).stdout;
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${program} ${args.join(" ")} failed\n${stdout}\n${stderr}`);
  }
};

/** Makes something in the cache, once: into a folder of its own that only has its name when it is whole. */
const once = async (name: string, make: (folder: string) => Promise<unknown>): Promise<string> => {
  const folder = path.join(cache, name);
  if (existsSync(folder)) return folder;
  const fresh = `${folder}-${process.pid}`;
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  await make(fresh);
  // Two test files may have made it at the same time: either is good.
  if (existsSync(folder)) rmSync(fresh, { recursive: true, force: true });
  else renameSync(fresh, folder);
  return folder;
};

const machine = `linux-${process.arch === "arm64" ? "aarch_64" : "x86_64"}`;

/** Gets `group:name:version[:type[:classifier]]` of Maven Central; `{machine}` is the classifier of this one. */
export const mavenArtifact = async (coordinates: string): Promise<string> => {
  const folder = await once(coordinates.replaceAll(/[^\w.-]/g, "_"), (into) =>
    run("mvn", [
      "-q",
      "-B",
      "dependency:copy",
      `-Dartifact=${coordinates.replace("{machine}", machine)}`,
      `-DoutputDirectory=${into}`,
    ]),
  );
  const [file] = readdirSync(folder);
  if (file === undefined) throw new Error(`Maven brought nothing for ${coordinates}`);
  return path.join(folder, file);
};

/** The Python of a virtual environment that has test/clients/requirements.txt. */
export const python = async (): Promise<string> => {
  const requirements = path.join(import.meta.dirname, "requirements.txt");
  const version = createHash("sha256").update(readFileSync(requirements)).digest("hex").slice(0, 12);
  const link = path.join(cache, `python-${version}`);
  if (!existsSync(link)) {
    // An environment knows its own place, so that it stays where it is made; the link is there when it is whole.
    const folder = `${link}-${process.pid}`;
    await run("python3", ["-m", "venv", "--clear", folder]);
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements];
    await run(path.join(folder, "bin/python"), install);
    try {
      symlinkSync(path.basename(folder), link);
    } catch (error) {
      // Another test file has made one at the same time: either is good.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return path.join(realpathSync(link), "bin/python");
};
