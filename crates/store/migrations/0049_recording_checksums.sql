-- What a recording's file was when it was last read whole: SHA-256, lower-case hex.

ALTER TABLE recordings ADD COLUMN checksum TEXT;
