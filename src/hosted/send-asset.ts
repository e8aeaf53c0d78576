import type { FastifyReply, FastifyRequest } from "fastify";
import { type Asset, chooseEncoding } from "./asset.ts";

/** Sends a file: for good to whoever asks for this very version of it, else for a while. */
export const sendAsset = (asset: Asset, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const isThis = request.originalUrl.endsWith(asset.path.slice(asset.name.length));
  reply.headers({
    "cache-control": isThis ? "public, max-age=31536000, immutable" : "public, max-age=300",
    "x-content-type-options": "nosniff",
    // A drawing that is opened by itself runs nothing.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    vary: "Accept-Encoding",
    etag: asset.etag,
  });
  if (request.headers["if-none-match"] === asset.etag) return reply.code(304).send();
  const encoding = chooseEncoding(asset, request.headers["accept-encoding"]);
  if (encoding !== "identity") reply.header("content-encoding", encoding);
  return reply.header("content-type", asset.type).send(asset.bodies[encoding]);
};
