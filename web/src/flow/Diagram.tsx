import {
  Background,
  BaseEdge,
  Controls,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  Handle,
  MarkerType,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
} from "@xyflow/react";
import {
  CircleDot,
  CircleHelp,
  GitBranch,
  Hourglass,
  KeyRound,
  ListOrdered,
  type LucideIcon,
  Mic,
  PhoneForwarded,
  PhoneOff,
  Shuffle,
  Tag,
  TriangleAlert,
  Volume2,
} from "lucide-react";
import { type CSSProperties, useMemo } from "react";
import "@xyflow/react/dist/style.css";
import type { Json } from "@/api/read";
import { useDark } from "@/components/theme";
import { cn } from "@/components/ui/cn";
import { type FlowEdge, type FlowNode, layOut, NODE_HEIGHT, NODE_WIDTH } from "./graph";

const ICONS: Record<string, LucideIcon> = {
  entry: CircleDot,
  ivr: KeyRound,
  if: GitBranch,
  queue: ListOrdered,
  buyer: PhoneForwarded,
  record: Mic,
  tag: Tag,
  whisper: Volume2,
  timeout: Hourglass,
  fallback: Shuffle,
  hangup: PhoneOff,
  missing: TriangleAlert,
};

const NAMES: Record<string, string> = {
  entry: "Entry",
  ivr: "Menu",
  if: "Condition",
  queue: "Queue",
  buyer: "Buyers",
  record: "Record",
  tag: "Tag",
  whisper: "Whisper",
  timeout: "Wait",
  fallback: "Fallback",
  hangup: "Hang up",
  missing: "Missing",
};

const TINTS: Record<string, string> = {
  entry: "bg-primary text-on-primary",
  buyer: "bg-live-soft text-live-text",
  hangup: "bg-sunken text-soft",
  missing: "bg-bad-soft text-bad-text",
};

type StepNode = Node<FlowNode & Record<string, unknown> & { faulty: boolean }>;

function Step({ data }: NodeProps<StepNode>) {
  const Icon = ICONS[data.type] ?? CircleHelp;
  const bad = data.missing || data.faulty;
  return (
    <div
      style={{ width: NODE_WIDTH, height: NODE_HEIGHT }}
      className={cn(
        "flex items-center gap-3 rounded-xl border bg-surface px-3 text-ink shadow-card",
        bad ? "border-bad" : "border-line",
        !data.reachable && "border-dashed opacity-75",
      )}
    >
      <Handle type="target" position={Position.Top} className="!opacity-0" />
      <span
        className={cn(
          "grid size-8 shrink-0 place-items-center rounded-lg",
          TINTS[data.type] ?? "bg-info-soft text-info-text",
        )}
      >
        <Icon className="size-4" aria-hidden="true" />
      </span>
      <span className="min-w-0">
        <span className="block truncate text-[13px] leading-tight font-semibold">{data.id}</span>
        <span className="block truncate text-xs text-soft">
          {NAMES[data.type] ?? data.type}
          {data.summary ? ` · ${data.summary}` : ""}
        </span>
      </span>
      <Handle type="source" position={Position.Bottom} className="!opacity-0" />
    </div>
  );
}

type LaidEdge = Edge<FlowEdge & Record<string, unknown>>;

/** Follows the bends of the layout, rounded, instead of the straight way through other nodes. */
function Line({ data, markerEnd }: EdgeProps<LaidEdge>) {
  const [first, ...rest] = data?.points ?? [];
  if (!first) return null;
  let path = `M ${first.x} ${first.y}`;
  rest.forEach((point, index) => {
    const next = rest[index + 1];
    path += next
      ? ` Q ${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`
      : ` L ${point.x} ${point.y}`;
  });
  const label = data?.label ?? "";
  return (
    <>
      <BaseEdge path={path} markerEnd={markerEnd} style={{ stroke: "var(--line-strong)" }} />
      {label !== "" && data?.labelAt ? (
        <EdgeLabelRenderer>
          <span
            className="absolute rounded-sm bg-canvas px-1 text-[11px] text-soft"
            style={{ transform: `translate(-50%, -50%) translate(${data.labelAt.x}px, ${data.labelAt.y}px)` }}
          >
            {label}
          </span>
        </EdgeLabelRenderer>
      ) : null}
    </>
  );
}

const CANVAS = { "--xy-background-color": "var(--canvas)" } as CSSProperties;
const nodeTypes = { step: Step };
const edgeTypes = { line: Line };

export function Diagram({ document, faultyNodes }: { document: Json; faultyNodes: ReadonlySet<string> }) {
  const dark = useDark();
  const { nodes, edges, width, height } = useMemo(() => {
    const graph = layOut(document);
    return {
      width: graph.width,
      height: graph.height,
      nodes: graph.nodes.map(
        (node): StepNode => ({
          id: node.id,
          type: "step",
          position: { x: node.x, y: node.y },
          data: { ...node, faulty: faultyNodes.has(node.id) },
          ariaLabel: `${NAMES[node.type] ?? node.type} ${node.id}${node.summary ? `, ${node.summary}` : ""}`,
        }),
      ),
      edges: graph.edges.map(
        (edge): LaidEdge => ({
          id: edge.id,
          type: "line",
          source: edge.from,
          target: edge.to,
          data: { ...edge },
          markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16, color: "var(--line-strong)" },
        }),
      ),
    };
  }, [document, faultyNodes]);
  return (
    // As tall as the flow is long, so that its words can be read; a very long one is panned.
    <div
      className="w-full overflow-hidden rounded-b-xl border-t border-line bg-canvas"
      style={{
        aspectRatio: width / (height + 32),
        minHeight: 300,
        minWidth: 0,
        maxHeight: Math.min(1000, height * 1.1 + 48),
      }}
    >
      <ReactFlow
        key={`${width}x${height}`}
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        colorMode={dark ? "dark" : "light"}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        edgeTypes={edgeTypes}
        style={CANVAS}
        onInit={(instance) => void instance.fitBounds({ x: 0, y: 0, width, height }, { padding: 0.02 })}
        maxZoom={1.4}
        minZoom={0.2}
        preventScrolling={false}
        proOptions={{ hideAttribution: false }}
      >
        <Background gap={20} color="var(--line)" />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}
