-- What a leadership met: what holds it up now, or ended it. So that "the orchestrator is behind"
-- has a reason, and a process that takes the lead again and again is told from one that leads.
--   trouble     in words; null where there is none.
--   trouble_at  since when.
alter table leadership add column trouble text;
alter table leadership add column trouble_at timestamptz;
