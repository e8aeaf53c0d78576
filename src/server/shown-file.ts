import type { DescFile, DescMethod } from "@bufbuild/protobuf";
import type { FileDescriptorProto } from "@bufbuild/protobuf/wkt";

/**
 * Numbers of `service` in FileDescriptorProto and of `method` in ServiceDescriptorProto, as SourceCodeInfo has them.
 */
const serviceNumber = 6;
const methodNumber = 2;

/**
 * Leaves out of a file the RPCs that are not shown, services that have no other,
 * and the comments of both. `proto` is the file with its comments.
 */
export const shownFile = (
  { services }: DescFile,
  proto: FileDescriptorProto,
  shown: ReadonlySet<DescMethod>,
): FileDescriptorProto => {
  /** Where what is shown stands now, by where it stood. */
  const places = new Map<string, readonly number[]>();
  const service = services.flatMap(({ methods }, index) => {
    const ours = proto.service[index];
    const method = (ours?.method ?? []).filter((_, at) => methods[at] !== undefined && shown.has(methods[at]));
    return ours === undefined || method.length === 0 ? [] : [{ ...ours, method }];
  });
  for (const [index, ours] of proto.service.entries()) {
    const to = service.findIndex(({ name }) => name === ours.name);
    if (to === -1) continue;
    places.set(`${index}`, [to]);
    for (const [at, { name }] of ours.method.entries()) {
      const place = service[to]?.method.findIndex((method) => method.name === name) ?? -1;
      if (place !== -1) places.set(`${index} ${at}`, [to, place]);
    }
  }
  const moved = (path: readonly number[]): number[] | undefined => {
    const [kind, index, member, at, ...rest] = path;
    if (kind !== serviceNumber || index === undefined) return [...path];
    if (member !== methodNumber || at === undefined) {
      const place = places.get(`${index}`)?.[0];
      return place === undefined ? undefined : [kind, place, ...path.slice(2)];
    }
    const place = places.get(`${index} ${at}`);
    return place === undefined ? undefined : [kind, place[0] ?? 0, member, place[1] ?? 0, ...rest];
  };
  const { sourceCodeInfo } = proto;
  if (sourceCodeInfo === undefined) return { ...proto, service };
  const location = sourceCodeInfo.location.flatMap((each) => {
    const path = moved(each.path);
    return path === undefined ? [] : [{ ...each, path }];
  });
  return { ...proto, service, sourceCodeInfo: { ...sourceCodeInfo, location } };
};
