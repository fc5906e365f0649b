import { patch } from "@/api/client";
import type { FlowSummary } from "@/api/resources";
import { ResourceDialog } from "@/components/ResourceDialog";

interface FlowDetailsDialogProps {
  flow: FlowSummary;
  onClose: () => void;
}

/** What is said of a flow, and whether it is of use; its document is another matter. */
export function FlowDetailsDialog({ flow, onClose }: FlowDetailsDialogProps) {
  const usual = flow.publishedVersion === null ? "DRAFT" : "ACTIVE";
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title="Details of the flow"
      fields={[
        { name: "name", label: "Name", required: true },
        { name: "description", label: "Description", kind: "area" },
        {
          name: "status",
          label: "Status",
          kind: "select",
          options: [
            { value: usual, label: usual === "ACTIVE" ? "Active" : "Draft" },
            { value: "ARCHIVED", label: "Archived" },
          ],
          hint: "A flow that campaigns run cannot be archived.",
        },
      ]}
      initial={{ name: flow.name, description: flow.description ?? "", status: flow.status ?? usual }}
      save={({ name, description, status }) =>
        patch(`/api/v1/flows/${flow.id}`, { name, description: description?.trim() || null, status })
      }
      done="The flow is changed"
      stale={["flows"]}
    />
  );
}
