import { PNG } from "pngjs";
import { encode } from "uqr";

/** Pixels of each side. */
export const qrSize = 256;

/** Modules of white around the code (ISO/IEC 18004, 9.1). */
const border = 4;

/** Codes that are made again and again while a person looks at the form. */
const most = 256;
const made = new Map<string, string>();

/** Draws a text as a QR code: a `data:` URL of a PNG of `qrSize` pixels. */
export const drawQr = (text: string): string => {
  const known = made.get(text);
  if (known !== undefined) return known;
  const url = draw(text);
  const [oldest] = made.size >= most ? made.keys() : [];
  if (oldest !== undefined) made.delete(oldest);
  made.set(text, url);
  return url;
};

const draw = (text: string): string => {
  // Any mask can be read; trying all of them for the fairest takes eight times as long.
  const { data, size } = encode(text, { ecc: "M", border, maskPattern: 0 });
  const scale = Math.max(1, Math.floor(qrSize / size));
  const side = Math.max(qrSize, size * scale);
  const margin = Math.floor((side - size * scale) / 2);
  const grey = {
    width: side,
    height: side,
    colorType: 0,
    inputColorType: 0,
    inputHasAlpha: false,
    bitDepth: 8,
  } as const;
  const png = new PNG(grey);
  png.data = Buffer.alloc(side * side, 0xff);
  for (const [y, row] of data.entries())
    for (const [x, isDark] of row.entries())
      if (isDark)
        for (let line = 0; line < scale; line++) {
          const at = (margin + y * scale + line) * side + margin + x * scale;
          png.data.fill(0, at, at + scale);
        }
  return `data:image/png;base64,${PNG.sync.write(png, { ...grey, filterType: 0 }).toString("base64")}`;
};
