-- The terms of a kept recall become a text in which each of them stands; the commas keep them apart.
ALTER TABLE standing_hold ADD COLUMN notice text NOT NULL DEFAULT '', ADD COLUMN periods jsonb NOT NULL DEFAULT '[]';
UPDATE standing_hold SET notice = (
    SELECT string_agg(term, ' , ' ORDER BY term) FROM jsonb_array_elements_text(search_terms) AS term
) WHERE search_terms <> '[]';
ALTER TABLE standing_hold DROP COLUMN search_terms;

ALTER TABLE audit_operation ADD COLUMN ship_to text;  -- delivery address of shipped units
