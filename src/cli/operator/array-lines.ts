const bracket = /^\s*[[\]]\s*$/;
const comma = /\},\s*$/;

/**
 * Lines of an array of JSON, one object a line as `identities export --format json` writes it, as lines of JSON:
 * without brackets and commas, and as many of them. Bytes that have neither stay as they are.
 */
export const withoutArray = (bytes: Buffer): Buffer => {
  const lines = bytes.toString("utf8").split("\n");
  if (!lines.some((line) => bracket.test(line) || comma.test(line))) return bytes;
  return Buffer.from(lines.map((line) => line.replace(bracket, "").replace(comma, "}")).join("\n"));
};
