export { type ClientOptions, type Credentials, Hopwhistle, type LiveEvent, type LiveOptions } from "./client.js";
export { backoffMs, LiveLink, type LinkOptions, type LinkState } from "./live.js";
export { ApiError, type FieldFault, readError } from "./problem.js";
export type { components, paths } from "./schema.js";
export type { ItemOf, ListPath } from "./types.js";
