import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";

/*
 * What other languages need to build clients, from their registries. It is
 * downloaded once, into .cache/clients, by whichever test needs it first.
 */

const execute = promisify(execFile);

export const root = path.resolve(import.meta.dirname, "../..");

const cache = path.join(root, ".cache/clients");

/**
 * For programs of Java that run once and end soon: what they would spend on optimizing themselves is not got back, and
 * neither is that on verifying the classes of a compiler.
 */
export const runsOnce = [
  "-XX:TieredStopAtLevel=1",
  "-XX:+UseSerialGC",
  "-XX:+UnlockDiagnosticVMOptions",
  "-XX:-BytecodeVerificationRemote",
] as const;

/** How the tools are to run here: none is used for longer than a test, and what is built runs once. */
export const toolOptions = {
  // The compiler of Kotlin leaves no process behind.
  MAVEN_OPTS: [process.env.MAVEN_OPTS, ...runsOnce, "-Dkotlin.compiler.daemon=false"].filter(Boolean).join(" "),
  // What is compiled is neither optimized nor debugged.
  GOFLAGS: [process.env.GOFLAGS, "'-gcflags=all=-N -l -dwarf=false'", "'-ldflags=-s -w'"].filter(Boolean).join(" "),
  CGO_ENABLED: "0",
  npm_config_audit: "false",
  npm_config_fund: "false",
  npm_config_update_notifier: "false",
  npm_config_prefer_offline: "true",
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
    env: { ...process.env, ...toolOptions, ...options.env },
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

/**
 * Has other test files that ask for the same name wait until the work is done: what two at a time would both download
 * or compile, the second one finds. Whoever ends, however that may be, lets the next one in.
 */
const oneAtATime = async <Made>(name: string, work: () => Promise<Made>): Promise<Made> => {
  mkdirSync(cache, { recursive: true });
  const lock = spawn("flock", [path.join(cache, `${name}.lock`), "sh", "-c", "echo; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(lock, "exit");
  await Promise.race([once(lock.stdout, "data"), ended]);
  try {
    return await work();
  } finally {
    lock.stdin.end();
    await ended;
  }
};

/** Languages whose compiler keeps what it has compiled: the next program needs little more than its own. */
const keepsCompiled = new Set(["go"]);

/** Builds and runs a program in a language: one at a time where the next one has less to do then. */
export const inTurn = <Made>(language: string, work: () => Promise<Made>): Promise<Made> =>
  keepsCompiled.has(language) ? oneAtATime(language, work) : work();

/** Makes something in the cache, once: into a folder of its own that counts when it is whole. */
export const makeOnce = async (name: string, make: (folder: string) => Promise<unknown>): Promise<string> => {
  const folder = path.join(cache, name);
  const whole = path.join(folder, ".whole");
  if (!existsSync(whole))
    await oneAtATime(name, async () => {
      if (existsSync(whole)) return;
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      await make(folder);
      writeFileSync(whole, "");
    });
  return folder;
};

const machine = `linux-${process.arch === "arm64" ? "aarch_64" : "x86_64"}`;

/** Gets `group:name:version[:type[:classifier]]` of Maven Central; `{machine}` is the classifier of this one. */
export const mavenArtifact = async (coordinates: string): Promise<string> => {
  const folder = await makeOnce(coordinates.replaceAll(/[^\w.-]/g, "_"), (into) =>
    run("mvn", [
      "-q",
      "-B",
      // Of the version that the pages name, so that one is downloaded.
      "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy",
      `-Dartifact=${coordinates.replace("{machine}", machine)}`,
      `-DoutputDirectory=${into}`,
    ]),
  );
  const file = readdirSync(folder).find((name) => !name.startsWith("."));
  if (file === undefined) throw new Error(`Maven brought nothing for ${coordinates}`);
  return path.join(folder, file);
};

const requirements = path.join(import.meta.dirname, "requirements.txt");

/** What is installed for one version of Python does not go with another. */
const pythonVersion = async (): Promise<string> =>
  (await run("python3", ["-c", "import sys; print(sys.implementation.cache_tag)"])).trim();

/** A name in the cache for what is made of a file: another one when it changes. */
export const nameOf = (kind: string, file: string): string =>
  `${kind}-${createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 12)}`;

/** The wheels of test/clients/requirements.txt, and how pip installs from them, which asks no registry again. */
export const wheels = async (): Promise<{
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}> => {
  const folder = await makeOnce(nameOf(`wheels-${await pythonVersion()}`, requirements), async (into) =>
    run("python3", [await pip(), "download", "--quiet", "--only-binary=:all:", "-d", into, "-r", requirements]),
  );
  return { folder, env: { PIP_NO_INDEX: "1", PIP_FIND_LINKS: folder, PIP_NO_COMPILE: "1" } };
};

/** The pip that Python has to install pip from. It runs as it is, which takes less than to install it. */
const pip = async (): Promise<string> => {
  const where = "sysconfig.get_config_var('WHEEL_PKG_DIR') or ensurepip.__path__[0] + '/_bundled'";
  const folder = (await run("python3", ["-c", `import ensurepip, sysconfig; print(${where})`])).trim();
  const wheel = readdirSync(folder).find((name) => /^pip-.*\.whl$/.test(name));
  if (wheel === undefined) throw new Error(`Python has no pip in ${folder}`);
  return path.join(folder, wheel, "pip");
};

/** Wheels of programs have no more to install than their files. */
const unpackWheels = `
import sys, sysconfig, zipfile
for wheel in sys.argv[1:]: zipfile.ZipFile(wheel).extractall(sysconfig.get_path("platlib"))
`;

/** The Python of a virtual environment that has test/clients/requirements.txt. */
export const python = async (): Promise<string> => {
  const { folder } = await wheels();
  const files = readdirSync(folder).flatMap((name) => (name.endsWith(".whl") ? [path.join(folder, name)] : []));
  const environment = await makeOnce(nameOf(`python-${await pythonVersion()}`, requirements), async (into) => {
    await run("python3", ["-m", "venv", "--without-pip", into]);
    await run(path.join(into, "bin/python"), ["-c", unpackWheels, ...files]);
  });
  return path.join(environment, "bin/python");
};
