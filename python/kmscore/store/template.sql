-- Written by `python -m kmscore.store.template` from the migrations. Do not edit.
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE head (
    id INTEGER NOT NULL,
    store_id BLOB NOT NULL,
    format_version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    time_seen INTEGER NOT NULL,
    created INTEGER NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE domain_keys (
    domain_key_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    version INTEGER NOT NULL,
    root_key_id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (domain_key_id)
);
CREATE TABLE change (
    sequence INTEGER NOT NULL,
    state INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (sequence)
);
CREATE INDEX change_by_state ON change (state);
CREATE TABLE accounts (
    account TEXT NOT NULL,
    created INTEGER NOT NULL,
    mac BLOB NOT NULL, organization TEXT,
    PRIMARY KEY (account)
);
CREATE TABLE principals (
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    mac BLOB NOT NULL, unique_id TEXT DEFAULT '' NOT NULL, path TEXT DEFAULT '/' NOT NULL, tags TEXT DEFAULT '{}' NOT NULL,
    PRIMARY KEY (account, kind, name),
    FOREIGN KEY(account) REFERENCES accounts (account)
);
CREATE TABLE access_keys (
    access_key_id TEXT NOT NULL,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    record_version INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    created INTEGER NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (access_key_id),
    FOREIGN KEY(account, kind, name) REFERENCES principals (account, kind, name)
);
CREATE TABLE key_owners (
    key_id TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (key_id),
    CONSTRAINT key_owner UNIQUE (key_id, account)
);
CREATE TABLE keys (
    region TEXT NOT NULL,
    key_id TEXT NOT NULL,
    account TEXT NOT NULL,
    spec TEXT NOT NULL,
    usage TEXT NOT NULL,
    origin TEXT NOT NULL,
    manager TEXT NOT NULL,
    state TEXT NOT NULL,
    description TEXT NOT NULL,
    primary_region TEXT,
    created INTEGER NOT NULL,
    deletion_date INTEGER,
    mac BLOB NOT NULL, due INTEGER, rotation_period INTEGER, next_rotation INTEGER, transition_end INTEGER, pending_window INTEGER, on_demand_rotations INTEGER DEFAULT '0' NOT NULL, custom_key_store_id TEXT, xks_key_id TEXT, service TEXT,
    PRIMARY KEY (region, key_id),
    FOREIGN KEY(key_id, account) REFERENCES key_owners (key_id, account)
);
CREATE INDEX keys_of_account ON keys (account, region, key_id);
CREATE INDEX keys_by_state ON keys (state);
CREATE TABLE key_policies (
    region TEXT NOT NULL,
    key_id TEXT NOT NULL,
    name TEXT NOT NULL,
    document TEXT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (region, key_id, name),
    FOREIGN KEY(region, key_id) REFERENCES keys (region, key_id)
);
CREATE TABLE key_material (
    region TEXT NOT NULL,
    key_id TEXT NOT NULL,
    material_id TEXT NOT NULL,
    record_version INTEGER NOT NULL,
    created INTEGER NOT NULL,
    sealed BLOB,
    mac BLOB NOT NULL, state TEXT DEFAULT 'NON_CURRENT' NOT NULL, expiration_model TEXT, description TEXT, rotation_type TEXT, valid_to INTEGER, rotation_date INTEGER,
    PRIMARY KEY (region, key_id, material_id),
    FOREIGN KEY(region, key_id) REFERENCES keys (region, key_id)
);
CREATE TABLE tags (
    region TEXT NOT NULL,
    key_id TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    tag_value TEXT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (region, key_id, tag_key),
    FOREIGN KEY(region, key_id) REFERENCES keys (region, key_id)
);
CREATE TABLE aliases (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    key_id TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account, region, name),
    FOREIGN KEY(region, key_id) REFERENCES keys (region, key_id)
);
CREATE INDEX aliases_of_key ON aliases (region, key_id);
CREATE TABLE audit_segments (
    segment_id TEXT NOT NULL,
    process TEXT NOT NULL,
    start_state INTEGER NOT NULL,
    created INTEGER NOT NULL,
    closed_lines INTEGER,
    closed_tag TEXT,
    lost INTEGER NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (segment_id)
);
CREATE TABLE audit_outbox (
    request_id TEXT NOT NULL,
    process TEXT NOT NULL,
    state INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (request_id)
);
CREATE INDEX keys_by_due ON keys (due);
CREATE TABLE grants (
    region TEXT NOT NULL,
    key_id TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    grantee TEXT NOT NULL,
    retiring TEXT,
    operations TEXT NOT NULL,
    constraints TEXT NOT NULL,
    issuing_account TEXT NOT NULL,
    created INTEGER NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (region, key_id, grant_id),
    FOREIGN KEY(region, key_id) REFERENCES keys (region, key_id)
);
CREATE INDEX grants_by_grantee ON grants (region, key_id, grantee);
CREATE INDEX grants_by_retiring ON grants (retiring, region, grant_id);
CREATE TABLE principal_policies (
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    policy_name TEXT NOT NULL,
    document TEXT,
    mac BLOB NOT NULL,
    PRIMARY KEY (account, kind, name, purpose, policy_name)
);
CREATE TABLE group_members (
    account TEXT NOT NULL,
    group_name TEXT NOT NULL,
    user_name TEXT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account, group_name, user_name)
);
CREATE TABLE custom_key_stores (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    custom_key_store_id TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    transition_end INTEGER,
    configuration TEXT NOT NULL,
    record_version INTEGER NOT NULL,
    sealed BLOB,
    created INTEGER NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (account, region, custom_key_store_id),
    CONSTRAINT custom_key_store_name UNIQUE (account, region, name)
);
INSERT INTO alembic_version (version_num) VALUES ('0002');
