/** The path of `unix:/run/ostiary.sock`; undefined for a host of another kind. */
export function unixSocketPath(host: string): string | undefined {
  return host.startsWith("unix:") ? host.slice("unix:".length) : undefined;
}

/**
 * The mode of a file as people write it: 0755 and 755, which YAML 1.2 reads as the same number, are octal digits. A
 * number that cannot be such digits is the mode itself (493 is 0755).
 */
export function fileMode(written: number): number {
  return /^[0-7]{1,4}$/.test(String(written)) ? Number.parseInt(String(written), 8) : written;
}
