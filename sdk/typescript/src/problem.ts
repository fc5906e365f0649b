/** One faulty field of a request. */
export interface FieldFault {
  field: string;
  /** The node of a flow it is about. */
  node?: string;
  /** A word for it, where the API has one. */
  code?: string;
  message: string;
}

/** The API's refusal, or its absence. `status` 0 means that no answer came. */
export class ApiError extends Error {
  readonly status: number;
  /** Stable, for programs: `VALIDATION_ERROR`, `RATE_LIMIT_EXCEEDED` ... */
  readonly code: string;
  /** Names the request in the server's logs. */
  readonly requestId: string | undefined;
  /** Every faulty field of a request that was refused for its content. */
  readonly faults: FieldFault[];

  constructor(status: number, code: string, message: string, faults: FieldFault[] = [], requestId?: string) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.faults = faults;
    this.requestId = requestId;
  }

  /** What is wrong with a field, if something is. */
  fault(field: string): string | undefined {
    return this.faults.find((fault) => fault.field === field)?.message;
  }
}

/** Reads the `{error: {...}}` envelope, the RFC 9457 problem beside it, or neither. */
export function readError(status: number, body: unknown): ApiError {
  const problem = record(body) ?? {};
  const envelope = record(problem.error) ?? {};
  const message = text(envelope.message) ?? text(problem.detail) ?? text(problem.title) ?? `The API answered ${status}`;
  const faults = [envelope.details, problem.errors, problem.faults, record(envelope.details)?.faults]
    .map(readFaults)
    .find((list) => list.length > 0);
  const requestId = text(envelope.requestId) ?? text(problem.requestId);
  return new ApiError(status, text(envelope.code) ?? "UNKNOWN_ERROR", message, faults ?? [], requestId);
}

function readFaults(value: unknown): FieldFault[] {
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      const fault = record(item);
      if (!fault) return typeof item === "string" ? [{ field: "", message: item }] : [];
      const message = text(fault.message) ?? text(fault.detail) ?? text(fault.problem);
      const place = [text(fault.node), text(fault.field) ?? text(fault.path) ?? text(fault.pointer)];
      const code = text(fault.code);
      const field = place.filter(Boolean).join(".");
      return message ? [{ field, node: place[0], ...(code ? { code } : {}), message }] : [];
    });
  }
  const map = record(value);
  if (!map) return [];
  return Object.entries(map).flatMap(([field, message]) => {
    if (typeof message === "string") return [{ field, message }];
    if (Array.isArray(message)) return message.filter((m) => typeof m === "string").map((m) => ({ field, message: m }));
    return [];
  });
}

const record = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
