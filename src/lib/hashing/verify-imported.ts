import {
  createCipheriv,
  createHash,
  createHmac,
  pbkdf2 as pbkdf2WithCallback,
  type ScryptOptions,
  scrypt as scryptWithCallback,
  timingSafeEqual,
} from "node:crypto";
import { promisify } from "node:util";
import { verify as verifyShaCrypt } from "unixcrypt";
import type { ImportedCheck } from "./imported-format.ts";
import { md5Crypt } from "./md5-crypt.ts";

const pbkdf2 = promisify(pbkdf2WithCallback);
const scrypt = promisify(
  scryptWithCallback as (
    password: string,
    salt: Buffer,
    length: number,
    options: ScryptOptions,
    done: (error: Error | null, key: Buffer) => void,
  ) => void,
);

/** Compares a password with a hash of another system. */
export const verifyImported = async (check: ImportedCheck, password: string): Promise<boolean> => {
  switch (check.type) {
    case "pbkdf2":
      return same(
        await pbkdf2(password, check.salt, check.iterations, check.digest.length, check.algorithm),
        check.digest,
      );
    case "scrypt":
      return same(await scryptKey(check, password, check.digest.length), check.digest);
    case "firebase_scrypt": {
      const cipher = createCipheriv("aes-256-ctr", await scryptKey(check, password, 32), Buffer.alloc(16));
      return same(Buffer.concat([cipher.update(check.signerKey), cipher.final()]), check.digest);
    }
    case "digest": {
      const hash = createHash(check.algorithm);
      for (const part of check.parts) hash.update(part === "password" ? password : part);
      return same(hash.digest(), check.digest);
    }
    case "hmac":
      return same(createHmac(check.algorithm, check.key).update(password).digest(), check.digest);
    case "md5_crypt":
      return same(Buffer.from(md5Crypt(password, check.text)), Buffer.from(check.text));
    case "sha_crypt":
      return verifyShaCrypt(password, check.text);
  }
};

const scryptKey = (
  {
    cost,
    blockSize,
    parallelism,
    salt,
  }: { readonly cost: number; readonly blockSize: number; readonly parallelism: number; readonly salt: Buffer },
  password: string,
  length: number,
): Promise<Buffer> =>
  scrypt(password, salt, length, {
    N: cost,
    r: blockSize,
    p: parallelism,
    maxmem: 256 * cost * blockSize + 1024 * 1024,
  }) as Promise<Buffer>;

const same = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);
