/** Where the API lives. Served by the web role itself, so one build fits every installation. */
export interface RuntimeConfig {
  apiUrl: string;
}

let current: RuntimeConfig = { apiUrl: "" };

export async function loadConfig(): Promise<void> {
  const response = await fetch("/config.json", { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`/config.json answered ${response.status}`);
  const body: unknown = await response.json();
  const apiUrl = typeof body === "object" && body !== null && "apiUrl" in body ? body.apiUrl : undefined;
  if (typeof apiUrl !== "string") throw new Error("/config.json names no apiUrl");
  current = { apiUrl: onPageHost(apiUrl).replace(/\/+$/, "") };
}

/**
 * A loopback address in the configuration is true on the server only. A phone that opened the page through the server's
 * own address reaches the API there too.
 */
function onPageHost(apiUrl: string): string {
  if (apiUrl === "") return "";
  const url = new URL(apiUrl, window.location.href);
  const loopback = ["127.0.0.1", "localhost", "[::1]"];
  if (loopback.includes(url.hostname)) url.hostname = window.location.hostname;
  return url.toString();
}

export const apiUrl = (path: string): string => `${current.apiUrl}${path}`;

export function socketUrl(path: string): string {
  const url = new URL(apiUrl(path), window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.toString();
}
