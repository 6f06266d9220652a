-- 重要な知らせ: what every administrator, key custodian and auditor of the operator is told, until each has seen it (R6.6).
CREATE TABLE operator_alarm (
    alarm_id  TEXT COLLATE "C" PRIMARY KEY,
    kind      TEXT COLLATE "C" NOT NULL,                 -- 'key-emergency', 'key-drill', 'key-recovery-refused'
    subject   TEXT COLLATE "C" NOT NULL,                 -- the emergency; '' where there is none
    raised_at TEXT COLLATE "C" NOT NULL,
    mailed_at TEXT COLLATE "C"                           -- when a mail server took it; NULL where none is set up
);
CREATE INDEX operator_alarm_newest ON operator_alarm (raised_at);

CREATE TABLE operator_alarm_seen (
    alarm_id   TEXT COLLATE "C" NOT NULL REFERENCES operator_alarm (alarm_id),
    account_id TEXT COLLATE "C" NOT NULL REFERENCES account (account_id),
    seen_at    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (alarm_id, account_id)
);

CREATE TRIGGER operator_alarm_is_never_removed BEFORE DELETE ON operator_alarm FOR EACH ROW
 EXECUTE FUNCTION refuse('alarms are never removed');
CREATE TRIGGER operator_alarm_is_never_changed BEFORE UPDATE ON operator_alarm FOR EACH ROW
 WHEN (NEW.alarm_id <> OLD.alarm_id OR NEW.kind <> OLD.kind OR NEW.subject <> OLD.subject OR NEW.raised_at <> OLD.raised_at)
 EXECUTE FUNCTION refuse('alarms are never changed');
CREATE TRIGGER operator_alarm_seen_is_never_removed BEFORE DELETE ON operator_alarm_seen FOR EACH ROW
 EXECUTE FUNCTION refuse('that somebody saw an alarm is never removed');

-- Ending a hold takes two: one asks, another agrees (R11.6). At a terminal both are named at once.
ALTER TABLE retention_hold ADD COLUMN release_asked_by TEXT COLLATE "C";
ALTER TABLE retention_hold ADD COLUMN release_asked_at TEXT COLLATE "C";
