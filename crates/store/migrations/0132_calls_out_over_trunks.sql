-- How a trunk carries calls out (its password sealed), and the trunk a buyer's telephone number is called over.

ALTER TABLE trunks ADD COLUMN outbound TEXT;
ALTER TABLE endpoints ADD COLUMN trunk_id @uuid REFERENCES trunks (id);
CREATE INDEX endpoints_by_trunk ON endpoints (trunk_id) WHERE trunk_id IS NOT NULL;
