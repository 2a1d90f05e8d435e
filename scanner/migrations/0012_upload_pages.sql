-- A picture may show several cards: a binder's page on a scanner. Each becomes a scan of its own.
-- Frozen: a later change is a later file.

ALTER TABLE upload_result ADD COLUMN further JSON NOT NULL DEFAULT '[]';
