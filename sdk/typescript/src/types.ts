/** What the document says of a path, as the client takes and gives it. */
import type { paths } from "./schema.js";

export type Method = "get" | "post" | "put" | "patch" | "delete";

/** Paths that have this method. */
export type PathsWith<M extends Method> = {
  [P in keyof paths]: paths[P] extends { [K in M]: { responses: unknown } } ? P : never;
}[keyof paths] &
  string;

export type Operation<P extends keyof paths, M extends Method> = paths[P] extends { [K in M]: infer O } ? O : never;

type Given<O, Where extends string> = O extends { parameters: { [K in Where]?: infer G } } ? NonNullable<G> : never;

/** The query's parameters, those of the path, the body. */
export type QueryOf<O> = Given<O, "query">;
export type PathOf<O> = O extends { parameters: { path: infer G } } ? G : never;
export type BodyOf<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? B : never;

type Json<R> = R extends { content: { "application/json": infer B } } ? B : undefined;

/** What a good answer holds. */
export type AnswerOf<O> = O extends { responses: infer R }
  ? Json<R[Extract<keyof R, 200 | 201 | 202 | 204>]>
  : never;

export interface Common {
  signal?: AbortSignal;
  headers?: Record<string, string>;
  /** Names a change, so that it is done once however often it is sent. Made by the client unless given. */
  idempotencyKey?: string;
  /** `ETag` of the version a change is for. */
  ifMatch?: string;
}

type PathPart<O> = [PathOf<O>] extends [never] ? { path?: undefined } : { path: PathOf<O> };
type QueryPart<O> = [QueryOf<O>] extends [never] ? { query?: undefined } : { query?: QueryOf<O> };
type BodyPart<O> = [BodyOf<O>] extends [never] ? { body?: undefined } : { body: BodyOf<O> };

export type Options<O> = Common & PathPart<O> & QueryPart<O> & BodyPart<O>;

/** The options may be left out where nothing in them must be given. */
export type Arguments<O> = Record<string, never> extends PathPart<O> & BodyPart<O> ? [options?: Options<O>] : [options: Options<O>];

/** Lists: paths whose answer is a page. */
export type ListPath = {
  [P in PathsWith<"get">]: AnswerOf<Operation<P, "get">> extends { data: unknown[]; meta: unknown } ? P : never;
}[PathsWith<"get">];

export type ItemOf<P extends ListPath> = AnswerOf<Operation<P, "get">> extends { data: (infer I)[] } ? I : never;
