import dagre from "@dagrejs/dagre";
import { asList, asNumber, asRecord, asText, asTexts, type Json } from "@/api/read";
import { plural, promptText } from "@/format/words";

export interface FlowNode {
  id: string;
  type: string;
  /** What the node does, in a few words taken from its own fields. */
  summary: string | null;
  x: number;
  y: number;
  /** False when nothing leads to it, or when it is named but missing. */
  reachable: boolean;
  missing: boolean;
}

export interface FlowEdge {
  id: string;
  from: string;
  to: string;
  label: string;
  /** Where the line bends on its way around the nodes between. */
  points: Point[];
  labelAt: Point | null;
}

export interface Point {
  x: number;
  y: number;
}

export interface Graph {
  nodes: FlowNode[];
  edges: FlowEdge[];
  width: number;
  height: number;
}

type Exit = Pick<FlowEdge, "id" | "from" | "to" | "label">;

export const NODE_WIDTH = 208;
export const NODE_HEIGHT = 68;

/** Fields that name the next node, and what leads there in words. */
const EXITS = new Map([
  ["target", ""],
  ["then", "yes"],
  ["else", "no"],
  ["default", "otherwise"],
  ["onTimeout", "timeout"],
  ["onFull", "full"],
  ["onConnect", "connected"],
  ["onNoBuyers", "no buyers"],
  ["onAllBusy", "all busy"],
  ["onComplete", "complete"],
  ["onError", "error"],
  ["onAccept", "accepted"],
  ["onReject", "rejected"],
  ["onAllFailed", "all failed"],
  ["next", ""],
]);

function exitsOf(node: Json): { to: string; label: string }[] {
  const exits = asList(node.choices).flatMap((choice) => {
    const to = asText(choice.target);
    return to === null ? [] : [{ to, label: `key ${asText(choice.digits) ?? "?"}` }];
  });
  for (const [index, to] of asTexts(node.targets).entries()) exits.push({ to, label: `try ${index + 1}` });
  for (const [field, label] of EXITS) {
    const to = asText(node[field]);
    if (to !== null) exits.push({ to, label });
  }
  return exits;
}

function summaryOf(node: Json): string | null {
  const buyers = asList(node.buyers).length;
  switch (node.type) {
    case "ivr":
      return promptText(asText(node.prompt));
    case "if":
      return asText(node.condition);
    case "queue":
      return asText(node.queueId);
    case "buyer":
      return `${buyers === 0 ? "the campaign’s" : plural(buyers, "buyer")}, ${asText(node.strategy) ?? "round-robin"}`;
    case "record":
      return `${asText(node.channels) ?? "dual"} ${asText(node.format) ?? "wav"}`;
    case "tag":
      return Object.entries(asRecord(node.tags))
        .map(([key, value]) => `${key}=${String(value)}`)
        .join(", ");
    case "whisper":
      return promptText(asText(node.calleePrompt) ?? asText(node.callerPrompt));
    case "timeout":
      return `wait ${String(node.duration)} s`;
    case "hangup":
      return asText(node.reason) ?? "normal";
    default:
      return null;
  }
}

/** Lays a flow document out from top to bottom. Works on documents with faults too: they are what needs to be seen. */
export function layOut(document: Json): Graph {
  const entry = asRecord(document.entry);
  const entryId = asText(entry.id) ?? "entry";
  const sources = new Map<string, Json>();
  sources.set(entryId, { ...entry, type: "entry" });
  for (const node of asList(document.nodes)) {
    const id = asText(node.id);
    if (id !== null && (id !== entryId || node.type !== "entry")) sources.set(id, node);
  }

  const exits: Exit[] = [];
  for (const [from, node] of sources) {
    for (const [index, exit] of exitsOf(node).entries()) exits.push({ id: `${from}:${index}`, from, ...exit });
  }
  const missing = new Set(exits.map(({ to }) => to).filter((to) => !sources.has(to)));
  const reachable = reach(entryId, exits);

  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 32, ranksep: 40, edgesep: 18, marginx: 16, marginy: 16 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of [...sources.keys(), ...missing]) graph.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  // Room for each label, so that two of them, or a label and a node, do not lie on each other.
  for (const { id, from, to, label } of exits) {
    const room = label === "" ? {} : { width: label.length * 6 + 10, height: 18, labelpos: "c" };
    graph.setEdge(from, to, room, id);
  }
  dagre.layout(graph);

  const nodes = [...sources.keys(), ...missing].map((id): FlowNode => {
    const { x, y } = graph.node(id) as { x: number; y: number };
    const source = sources.get(id);
    return {
      id,
      type: source ? (asText(source.type) ?? "unknown") : "missing",
      summary: source ? summaryOf(source) : "named, but not there",
      x: x - NODE_WIDTH / 2,
      y: y - NODE_HEIGHT / 2,
      reachable: reachable.has(id),
      missing: !source,
    };
  });
  const edges = exits.map((exit): FlowEdge => {
    const laid = asRecord(graph.edge({ v: exit.from, w: exit.to, name: exit.id }));
    return { ...exit, points: asList(laid.points).flatMap(pointOf), labelAt: pointOf(laid)[0] ?? null };
  });
  const size = asRecord(graph.graph());
  return { nodes, edges, width: asNumber(size.width) ?? NODE_WIDTH, height: asNumber(size.height) ?? NODE_HEIGHT };
}

function pointOf(value: Json): Point[] {
  const [x, y] = [asNumber(value.x), asNumber(value.y)];
  return x === null || y === null ? [] : [{ x, y }];
}

function reach(start: string, edges: Exit[]): Set<string> {
  const found = new Set([start]);
  const open = [start];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const edge of edges) {
      if (edge.from !== id || found.has(edge.to)) continue;
      found.add(edge.to);
      open.push(edge.to);
    }
  }
  return found;
}
