import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";

/** Files of a certificate and its key, PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority that certifies whatever a test asks for. */
export interface Authority {
  readonly ca: string;
  /** Names as in a certificate: `DNS:localhost`, `IP:127.0.0.1`. */
  certify(name: string, ...subjects: readonly string[]): Certificate;
}

/** Makes an authority and keeps its files in a folder. Valid for a day. */
export const createAuthority = (folder: string): Authority => {
  const at = (name: string) => path.join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl(
    "req",
    "-x509",
    ...newKey,
    "-keyout",
    "ca.key",
    "-out",
    "ca.pem",
    "-days",
    "1",
    "-subj",
    "/CN=authority of a test",
  );
  return {
    ca: at("ca.pem"),
    certify: (name, ...subjects) => {
      openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
      writeFileSync(at(`${name}.ext`), subjects.length === 0 ? "" : `subjectAltName=${subjects.join(",")}\n`);
      const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1", "-extfile", `${name}.ext`];
      openssl("x509", "-req", "-in", `${name}.csr`, ...signing, "-out", `${name}.pem`);
      return { cert: at(`${name}.pem`), key: at(`${name}.key`) };
    },
  };
};
