/** Notices when the process is to end. */
export interface StopSignal {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal;
  /** Resolves then. */
  readonly stopped: Promise<void>;
}

/**
 * Listens for SIGTERM, SIGINT (Ctrl-C) and SIGHUP (the terminal is closed).
 * The first asks for an orderly end, a second ends the process at once, with
 * the exit code that a shell would report for it.
 */
export function createStopSignal(onFirst: (name: string) => void): StopSignal {
  const controller = new AbortController();
  const stopped = new Promise<void>((resolve) =>
    controller.signal.addEventListener("abort", () => resolve(), { once: true }),
  );
  const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
  for (const [name, number] of Object.entries(numbers)) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(128 + number);
      onFirst(name);
      controller.abort();
    });
  }
  return { signal: controller.signal, stopped };
}
