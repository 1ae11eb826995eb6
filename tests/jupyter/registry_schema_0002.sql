BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE answers (
	actor VARCHAR(300) NOT NULL, 
	"key" VARCHAR(200) NOT NULL, 
	request VARCHAR(64) NOT NULL, 
	answer TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (actor, "key")
);
CREATE TABLE approvals (
	version_id INTEGER NOT NULL, 
	environment VARCHAR(32) NOT NULL, 
	actor VARCHAR(300) NOT NULL, 
	comment TEXT, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (version_id, environment, actor), 
	FOREIGN KEY(version_id) REFERENCES versions (id)
);
INSERT INTO "approvals" VALUES(3,'prod','eve',NULL,1795551871214724);
CREATE TABLE assignments (
	id INTEGER NOT NULL, 
	model_id INTEGER NOT NULL, 
	environment VARCHAR(32) NOT NULL, 
	version_id INTEGER NOT NULL, 
	since BIGINT NOT NULL, 
	until BIGINT, 
	actor VARCHAR(300) NOT NULL, 
	reason TEXT, 
	revision INTEGER NOT NULL, 
	previous VARCHAR(32), 
	PRIMARY KEY (id), 
	CONSTRAINT assignments_interval CHECK (until IS NULL OR until >= since), 
	FOREIGN KEY(model_id) REFERENCES models (id), 
	FOREIGN KEY(version_id) REFERENCES versions (id), 
	CONSTRAINT assignments_revision UNIQUE (model_id, environment, revision)
);
INSERT INTO "assignments" VALUES(1,1,'stage',1,1795551871116098,NULL,'bob',NULL,1,NULL);
INSERT INTO "assignments" VALUES(2,1,'prod',1,1795551871158962,1795551871176126,'eve',NULL,2,NULL);
INSERT INTO "assignments" VALUES(3,1,'prod',2,1795551871176126,1795551871192366,'bob',NULL,3,'1.0.0');
INSERT INTO "assignments" VALUES(4,1,'prod',1,1795551871192366,NULL,'eve','bad',4,'1.0.1');
CREATE TABLE audit (
	chain VARCHAR(128) NOT NULL, 
	seq INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	actor VARCHAR(300) NOT NULL, 
	method VARCHAR(20) NOT NULL, 
	action VARCHAR(40) NOT NULL, 
	version VARCHAR(32), 
	environment VARCHAR(32), 
	data TEXT NOT NULL, 
	previous VARCHAR(64) NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	PRIMARY KEY (chain, seq)
);
INSERT INTO "audit" VALUES('flights',1,1795551871050734,'ada','token','register','1.0.0',NULL,'{"artifact":{"format":null,"sha256":"0000000000000000000000000000000000000000000000000000000000000000","size":0,"uri":"file:///models/0"},"body":"04da908701589011241623d3b2a5a998148e8db7fbae2ec0eae5909e9dc13a3f","labels":{"team":"air"},"project":"default"}','0000000000000000000000000000000000000000000000000000000000000000','aa7bba8b5fdab13939d6977a8ac61f6979bfd6007cbaa42dc979884a81ff65e3');
INSERT INTO "audit" VALUES('flights',2,1795551871092455,'ada','token','register','1.0.1',NULL,'{"artifact":{"format":null,"sha256":"0000000000000000000000000000000000000000000000000000000000000001","size":1,"uri":"file:///models/1"},"body":"2a4cf664e4ed571fc746453a44143a28f059d4c77aeb3a9d6cf6c95085985709","labels":{"team":"air"},"project":"default"}','aa7bba8b5fdab13939d6977a8ac61f6979bfd6007cbaa42dc979884a81ff65e3','8c8a83c890591f1cc5da4c787be4258a221fbe141e810cb6905bdd1964e6fd56');
INSERT INTO "audit" VALUES('flights',3,1795551871102956,'ada','token','register','1.0.2',NULL,'{"artifact":{"format":null,"sha256":"0000000000000000000000000000000000000000000000000000000000000002","size":2,"uri":"file:///models/2"},"body":"747b4f2535b69f8a9fd1b833a10f3282c0ad481ab3c50b174ea6391dc1aba4da","labels":{"team":"air"},"project":"default"}','8c8a83c890591f1cc5da4c787be4258a221fbe141e810cb6905bdd1964e6fd56','a38662d3f0a8c66a0c261583ca1caaba4ebf13c3a7c8dfa30440a3dffd37a909');
INSERT INTO "audit" VALUES('flights',4,1795551871116098,'bob','token','publish','1.0.0','stage','{"champion_before":null,"reason":null,"revision":1}','a38662d3f0a8c66a0c261583ca1caaba4ebf13c3a7c8dfa30440a3dffd37a909','af67901e5035e35f07e3ed3d25e84c2b2ca0b91cc5ab174165125ef1dc98ebbe');
INSERT INTO "audit" VALUES('flights',5,1795551871148258,'bob','token','promote','1.0.0','prod','{"champion_before":null,"reason":null,"revision":1}','af67901e5035e35f07e3ed3d25e84c2b2ca0b91cc5ab174165125ef1dc98ebbe','3ca9ca2ba3e8623f3213173bb30ee200419a5231356426eb2409854a0fdbf98b');
INSERT INTO "audit" VALUES('flights',6,1795551871158962,'eve','token','publish','1.0.0','prod','{"champion_before":null,"reason":null,"revision":2}','3ca9ca2ba3e8623f3213173bb30ee200419a5231356426eb2409854a0fdbf98b','a3504ba838890b828727cddc624592794c9d894d5467ea1662963c5363c20d1d');
INSERT INTO "audit" VALUES('flights',7,1795551871176126,'bob','token','publish','1.0.1','prod','{"break_glass":"fire","champion_before":"1.0.0","gates_broken":["after","promoted"],"reason":null,"revision":3}','a3504ba838890b828727cddc624592794c9d894d5467ea1662963c5363c20d1d','6a56ce4f32ee16c96aff3160dbbe706ecb497f583ca239372c55cec953947ea8');
INSERT INTO "audit" VALUES('flights',8,1795551871192366,'eve','token','rollback','1.0.0','prod','{"champion_before":"1.0.1","reason":"bad","revision":4}','6a56ce4f32ee16c96aff3160dbbe706ecb497f583ca239372c55cec953947ea8','b2861b6694be581584dffc3cad92c61f33bdaa6637a956c950f13096239125b9');
INSERT INTO "audit" VALUES('flights',9,1795551871192366,'eve','token','quarantine','1.0.1',NULL,'{"reason":"rolled back in prod: bad"}','b2861b6694be581584dffc3cad92c61f33bdaa6637a956c950f13096239125b9','d6e13960e6efa45a5aec3d10bec4b40a76c2a4cf9ebc034bd560119647d7d233');
INSERT INTO "audit" VALUES('flights',10,1795551871204223,'bob','token','set_challengers',NULL,'prod','{"before":{},"challengers":{"1.0.2":10},"reason":null,"revision":5}','d6e13960e6efa45a5aec3d10bec4b40a76c2a4cf9ebc034bd560119647d7d233','1dd49b769cc803018f3b83824f9af789105d92a7323a4ac9f2937f3881ecfb8b');
INSERT INTO "audit" VALUES('flights',11,1795551871214724,'eve','token','approve','1.0.2','prod','{"comment":null}','1dd49b769cc803018f3b83824f9af789105d92a7323a4ac9f2937f3881ecfb8b','382e60c48ec2b33cd825ace901f44264255711618da2617f0f700c6d2852ef92');
INSERT INTO "audit" VALUES('',1,1795551871225888,'root','token','set_policy',NULL,'prod','{"policy":{"after":null,"after_waivable":true,"approvals":1,"break_glass":true,"environment":"prod","gates":[],"project":"*","promoted":false,"separation":false},"reason":null}','0000000000000000000000000000000000000000000000000000000000000000','692893e32134cdda18448b62175341dc851da48f445615b00066dc4a7fd2503c');
INSERT INTO "audit" VALUES('',2,1795551871233452,'root','token','grant',NULL,'*','{"project":"*","role":"viewer","subject":"grace"}','692893e32134cdda18448b62175341dc851da48f445615b00066dc4a7fd2503c','28c0a962a1a7dc34b99e91f252d60d2dd00e11149135283fd7b01b391c526c17');
INSERT INTO "audit" VALUES('',3,1795551871242361,'root','token','create_token',NULL,NULL,'{"expires":null,"id":"758b42f5c4568a1e","subject":"ci"}','28c0a962a1a7dc34b99e91f252d60d2dd00e11149135283fd7b01b391c526c17','801ef7ed19b09961e09d2f0acf4ab9103b4f8cbfb5834e3270b10efe383deb20');
CREATE TABLE chains (
	name VARCHAR(128) NOT NULL, 
	seq INTEGER NOT NULL, 
	hash VARCHAR(64) NOT NULL, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "chains" VALUES('',3,'801ef7ed19b09961e09d2f0acf4ab9103b4f8cbfb5834e3270b10efe383deb20',1795551871242361);
INSERT INTO "chains" VALUES(':outbox',0,'0000000000000000000000000000000000000000000000000000000000000000',0);
INSERT INTO "chains" VALUES('flights',11,'382e60c48ec2b33cd825ace901f44264255711618da2617f0f700c6d2852ef92',1795551871214724);
CREATE TABLE grants (
	subject VARCHAR(300) NOT NULL, 
	role VARCHAR(20) NOT NULL, 
	project VARCHAR(128) NOT NULL, 
	environment VARCHAR(32) NOT NULL, 
	PRIMARY KEY (subject, role, project, environment)
);
INSERT INTO "grants" VALUES('grace','viewer','*','*');
CREATE TABLE heads (
	model_id INTEGER NOT NULL, 
	environment VARCHAR(32) NOT NULL, 
	revision INTEGER NOT NULL, 
	version_id INTEGER, 
	PRIMARY KEY (model_id, environment), 
	FOREIGN KEY(model_id) REFERENCES models (id), 
	FOREIGN KEY(version_id) REFERENCES versions (id)
);
INSERT INTO "heads" VALUES(1,'stage',1,1);
INSERT INTO "heads" VALUES(1,'prod',5,1);
CREATE TABLE models (
	id INTEGER NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	project VARCHAR(128) NOT NULL, 
	description TEXT, 
	owner VARCHAR(300), 
	use_case TEXT, 
	sensitivity VARCHAR(100), 
	created BIGINT NOT NULL, 
	created_by VARCHAR(300) NOT NULL, 
	versions INTEGER NOT NULL, 
	newest VARCHAR(32), 
	newest_id INTEGER, 
	champions TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (name)
);
INSERT INTO "models" VALUES(1,'flights','default',NULL,NULL,NULL,NULL,1795551871050734,'ada',3,'1.0.2',3,'{"prod":"1.0.0","stage":"1.0.0"}');
CREATE TABLE outbox (
	id INTEGER NOT NULL, 
	event VARCHAR(200) NOT NULL, 
	type VARCHAR(100) NOT NULL, 
	subject VARCHAR(300) NOT NULL, 
	at BIGINT NOT NULL, 
	data TEXT NOT NULL, 
	position BIGINT, 
	attempts INTEGER NOT NULL, 
	due BIGINT, 
	PRIMARY KEY (id), 
	UNIQUE (event), 
	UNIQUE (position)
);
INSERT INTO "outbox" VALUES(1,'flights:1','dev.mdk.registry.version.registered.v1','flights',1795551871050734,'{"actor":"ada","artifact":{"format":null,"sha256":"0000000000000000000000000000000000000000000000000000000000000000","size":0,"uri":"file:///models/0"},"body":"04da908701589011241623d3b2a5a998148e8db7fbae2ec0eae5909e9dc13a3f","environment":null,"labels":{"team":"air"},"model":"flights","project":"default","version":"1.0.0"}',NULL,0,1795551871050734);
INSERT INTO "outbox" VALUES(2,'flights:2','dev.mdk.registry.version.registered.v1','flights',1795551871092455,'{"actor":"ada","artifact":{"format":null,"sha256":"0000000000000000000000000000000000000000000000000000000000000001","size":1,"uri":"file:///models/1"},"body":"2a4cf664e4ed571fc746453a44143a28f059d4c77aeb3a9d6cf6c95085985709","environment":null,"labels":{"team":"air"},"model":"flights","project":"default","version":"1.0.1"}',NULL,0,1795551871092455);
INSERT INTO "outbox" VALUES(3,'flights:3','dev.mdk.registry.version.registered.v1','flights',1795551871102956,'{"actor":"ada","artifact":{"format":null,"sha256":"0000000000000000000000000000000000000000000000000000000000000002","size":2,"uri":"file:///models/2"},"body":"747b4f2535b69f8a9fd1b833a10f3282c0ad481ab3c50b174ea6391dc1aba4da","environment":null,"labels":{"team":"air"},"model":"flights","project":"default","version":"1.0.2"}',NULL,0,1795551871102956);
INSERT INTO "outbox" VALUES(4,'flights:4','dev.mdk.registry.champion.changed.v1','flights',1795551871116098,'{"actor":"bob","champion_before":null,"environment":"stage","model":"flights","reason":null,"revision":1,"version":"1.0.0"}',NULL,0,1795551871116098);
INSERT INTO "outbox" VALUES(5,'flights:5','dev.mdk.registry.version.promoted.v1','flights',1795551871148258,'{"actor":"bob","champion_before":null,"environment":"prod","model":"flights","reason":null,"revision":1,"version":"1.0.0"}',NULL,0,1795551871148258);
INSERT INTO "outbox" VALUES(6,'flights:6','dev.mdk.registry.champion.changed.v1','flights',1795551871158962,'{"actor":"eve","champion_before":null,"environment":"prod","model":"flights","reason":null,"revision":2,"version":"1.0.0"}',NULL,0,1795551871158962);
INSERT INTO "outbox" VALUES(7,'flights:7','dev.mdk.registry.champion.changed.v1','flights',1795551871176126,'{"actor":"bob","break_glass":"fire","champion_before":"1.0.0","environment":"prod","gates_broken":["after","promoted"],"model":"flights","reason":null,"revision":3,"version":"1.0.1"}',NULL,0,1795551871176126);
INSERT INTO "outbox" VALUES(8,'flights:8','dev.mdk.registry.champion.changed.v1','flights',1795551871192366,'{"actor":"eve","champion_before":"1.0.1","environment":"prod","model":"flights","reason":"bad","revision":4,"version":"1.0.0"}',NULL,0,1795551871192366);
INSERT INTO "outbox" VALUES(9,'flights:9','dev.mdk.registry.version.quarantined.v1','flights',1795551871192366,'{"actor":"eve","environment":null,"model":"flights","reason":"rolled back in prod: bad","version":"1.0.1"}',NULL,0,1795551871192366);
INSERT INTO "outbox" VALUES(10,'flights:10','dev.mdk.registry.challengers.changed.v1','flights',1795551871204223,'{"actor":"bob","before":{},"challengers":{"1.0.2":10},"environment":"prod","model":"flights","reason":null,"revision":5,"version":null}',NULL,0,1795551871204223);
INSERT INTO "outbox" VALUES(11,'flights:11','dev.mdk.registry.version.approved.v1','flights',1795551871214724,'{"actor":"eve","comment":null,"environment":"prod","model":"flights","version":"1.0.2"}',NULL,0,1795551871214724);
INSERT INTO "outbox" VALUES(12,'_registry:1','dev.mdk.registry.policy.changed.v1','_registry',1795551871225888,'{"actor":"root","environment":"prod","model":"","policy":{"after":null,"after_waivable":true,"approvals":1,"break_glass":true,"environment":"prod","gates":[],"project":"*","promoted":false,"separation":false},"reason":null,"version":null}',NULL,0,1795551871225888);
INSERT INTO "outbox" VALUES(13,'_registry:2','dev.mdk.registry.grant.given.v1','_registry',1795551871233452,'{"actor":"root","environment":"*","model":"","project":"*","role":"viewer","subject":"grace","version":null}',NULL,0,1795551871233452);
CREATE TABLE placements (
	model_id INTEGER NOT NULL, 
	environment VARCHAR(32) NOT NULL, 
	version_id INTEGER NOT NULL, 
	place VARCHAR(20) NOT NULL, 
	percent INTEGER, 
	endpoint VARCHAR(500), 
	status TEXT NOT NULL, 
	since BIGINT NOT NULL, 
	actor VARCHAR(300) NOT NULL, 
	PRIMARY KEY (model_id, environment, version_id), 
	FOREIGN KEY(model_id) REFERENCES models (id), 
	FOREIGN KEY(version_id) REFERENCES versions (id)
);
INSERT INTO "placements" VALUES(1,'stage',1,'champion',NULL,NULL,'{}',1795551871116098,'bob');
INSERT INTO "placements" VALUES(1,'prod',1,'champion',NULL,NULL,'{}',1795551871192366,'eve');
INSERT INTO "placements" VALUES(1,'prod',3,'challenger',10,NULL,'{}',1795551871204223,'bob');
CREATE TABLE policies (
	project VARCHAR(128) NOT NULL, 
	environment VARCHAR(32) NOT NULL, 
	body TEXT NOT NULL, 
	PRIMARY KEY (project, environment)
);
INSERT INTO "policies" VALUES('*','prod','{"after":null,"after_waivable":true,"approvals":1,"break_glass":true,"environment":"prod","gates":[],"project":"*","promoted":false,"separation":false}');
CREATE TABLE promotions (
	version_id INTEGER NOT NULL, 
	environment VARCHAR(32) NOT NULL, 
	actor VARCHAR(300) NOT NULL, 
	reason TEXT, 
	at BIGINT NOT NULL, 
	PRIMARY KEY (version_id, environment), 
	FOREIGN KEY(version_id) REFERENCES versions (id)
);
INSERT INTO "promotions" VALUES(1,'prod','bob',NULL,1795551871148258);
CREATE TABLE service_roles (
	name VARCHAR(63) NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE tokens (
	id VARCHAR(32) NOT NULL, 
	subject VARCHAR(300) NOT NULL, 
	sha256 VARCHAR(64) NOT NULL, 
	note TEXT, 
	created BIGINT NOT NULL, 
	expires BIGINT, 
	revoked BOOLEAN NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (sha256)
);
INSERT INTO "tokens" VALUES('758b42f5c4568a1e','ci','6856261cfd3b1ad405a6fd8e0773a02a296a457302e78a3dd13a1d31d1a5cff7',NULL,1795551871242361,NULL,0);
CREATE TABLE version_costs (
	version_id INTEGER NOT NULL, 
	currency VARCHAR(3) NOT NULL, 
	amount FLOAT, 
	wall_seconds FLOAT, 
	cpu_seconds FLOAT, 
	gpu_seconds FLOAT, 
	PRIMARY KEY (version_id), 
	FOREIGN KEY(version_id) REFERENCES versions (id)
);
INSERT INTO "version_costs" VALUES(1,'USD',1.0,NULL,NULL,NULL);
INSERT INTO "version_costs" VALUES(2,'USD',1.0,NULL,NULL,NULL);
INSERT INTO "version_costs" VALUES(3,'USD',1.0,NULL,NULL,NULL);
CREATE TABLE version_datasets (
	uri VARCHAR(600) NOT NULL, 
	version_id INTEGER NOT NULL, 
	role VARCHAR(20) NOT NULL, 
	PRIMARY KEY (uri, version_id, role), 
	FOREIGN KEY(version_id) REFERENCES versions (id)
)
 WITHOUT ROWID

;
INSERT INTO "version_datasets" VALUES('gs://d/train',1,'training');
INSERT INTO "version_datasets" VALUES('gs://d/train',2,'training');
INSERT INTO "version_datasets" VALUES('gs://d/train',3,'training');
CREATE TABLE version_details (
	version_id INTEGER NOT NULL, 
	requirements TEXT NOT NULL, 
	profile TEXT, 
	PRIMARY KEY (version_id), 
	FOREIGN KEY(version_id) REFERENCES versions (id)
);
INSERT INTO "version_details" VALUES(1,'["numpy==2.0.0"]','{"a":1}');
INSERT INTO "version_details" VALUES(2,'["numpy==2.0.0"]','{"a":1}');
INSERT INTO "version_details" VALUES(3,'["numpy==2.0.0"]','{"a":1}');
CREATE TABLE version_labels (
	"key" VARCHAR(100) NOT NULL, 
	value VARCHAR(300) NOT NULL, 
	version_id INTEGER NOT NULL, 
	PRIMARY KEY ("key", value, version_id), 
	FOREIGN KEY(version_id) REFERENCES versions (id)
)
 WITHOUT ROWID

;
INSERT INTO "version_labels" VALUES('team','air',1);
INSERT INTO "version_labels" VALUES('team','air',2);
INSERT INTO "version_labels" VALUES('team','air',3);
CREATE TABLE version_lines (
	model_id INTEGER NOT NULL, 
	major INTEGER NOT NULL, 
	minor INTEGER NOT NULL, 
	next_patch INTEGER NOT NULL, 
	PRIMARY KEY (model_id, major, minor), 
	FOREIGN KEY(model_id) REFERENCES models (id)
);
INSERT INTO "version_lines" VALUES(1,1,0,3);
CREATE TABLE version_metrics (
	"key" VARCHAR(200) NOT NULL, 
	version_id INTEGER NOT NULL, 
	value FLOAT NOT NULL, 
	PRIMARY KEY ("key", version_id), 
	FOREIGN KEY(version_id) REFERENCES versions (id)
)
 WITHOUT ROWID

;
INSERT INTO "version_metrics" VALUES('auc',1,0.5);
INSERT INTO "version_metrics" VALUES('auc',2,0.6);
INSERT INTO "version_metrics" VALUES('auc',3,0.7);
CREATE TABLE versions (
	id INTEGER NOT NULL, 
	model_id INTEGER NOT NULL, 
	n INTEGER NOT NULL, 
	major INTEGER NOT NULL, 
	minor INTEGER NOT NULL, 
	patch INTEGER NOT NULL, 
	project VARCHAR(128) NOT NULL, 
	created BIGINT NOT NULL, 
	registered_by VARCHAR(300) NOT NULL, 
	trained_by VARCHAR(300) NOT NULL, 
	vertex_model VARCHAR(500), 
	body TEXT NOT NULL, 
	labels TEXT NOT NULL, 
	card TEXT, 
	status VARCHAR(20) NOT NULL, 
	status_reason TEXT, 
	places TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(model_id) REFERENCES models (id), 
	CONSTRAINT versions_number UNIQUE (model_id, major, minor, patch), 
	CONSTRAINT versions_n UNIQUE (model_id, n)
);
INSERT INTO "versions" VALUES(1,1,1,1,0,0,'default',1795551871050734,'ada','ada',NULL,'{"artifact":{"format":null,"sha256":"0000000000000000000000000000000000000000000000000000000000000000","size":0,"uri":"file:///models/0"},"cost":{"amount":1.0,"cpu_seconds":null,"currency":"USD","gpu_seconds":null,"wall_seconds":null},"datasets":[{"name":null,"role":"training","rows":null,"sha256":null,"uri":"gs://d/train"}],"description":null,"extra":{},"metrics":{"auc":0.5},"parameters":{},"provenance":{"git":null,"image":null,"notebook":null,"python":null,"run":null,"trained_by":"ada"},"signature":null}','{"team":"air"}',NULL,'active',NULL,'{"prod":"champion","stage":"champion"}');
INSERT INTO "versions" VALUES(2,1,2,1,0,1,'default',1795551871092455,'ada','ada',NULL,'{"artifact":{"format":null,"sha256":"0000000000000000000000000000000000000000000000000000000000000001","size":1,"uri":"file:///models/1"},"cost":{"amount":1.0,"cpu_seconds":null,"currency":"USD","gpu_seconds":null,"wall_seconds":null},"datasets":[{"name":null,"role":"training","rows":null,"sha256":null,"uri":"gs://d/train"}],"description":null,"extra":{},"metrics":{"auc":0.6},"parameters":{},"provenance":{"git":null,"image":null,"notebook":null,"python":null,"run":null,"trained_by":"ada"},"signature":null}','{"team":"air"}',NULL,'quarantined','rolled back in prod: bad','{}');
INSERT INTO "versions" VALUES(3,1,3,1,0,2,'default',1795551871102956,'ada','ada',NULL,'{"artifact":{"format":null,"sha256":"0000000000000000000000000000000000000000000000000000000000000002","size":2,"uri":"file:///models/2"},"cost":{"amount":1.0,"cpu_seconds":null,"currency":"USD","gpu_seconds":null,"wall_seconds":null},"datasets":[{"name":null,"role":"training","rows":null,"sha256":null,"uri":"gs://d/train"}],"description":null,"extra":{},"metrics":{"auc":0.7},"parameters":{},"provenance":{"git":null,"image":null,"notebook":null,"python":null,"run":null,"trained_by":"ada"},"signature":null}','{"team":"air"}',NULL,'active',NULL,'{"prod":"challenger"}');
CREATE INDEX answers_at ON answers (at);
CREATE INDEX audit_environment ON audit (chain, environment, seq);
CREATE INDEX models_project ON models (project, name);
CREATE INDEX outbox_due ON outbox (due) WHERE due IS NOT NULL;
CREATE INDEX outbox_new ON outbox (id) WHERE position IS NULL;
CREATE INDEX versions_created ON versions (created);
CREATE INDEX versions_project ON versions (project, id);
CREATE INDEX versions_trained_by ON versions (trained_by, id);
CREATE INDEX versions_vertex ON versions (vertex_model);
CREATE INDEX assignments_since ON assignments (model_id, environment, since);
CREATE UNIQUE INDEX one_champion ON assignments (model_id, environment) WHERE until IS NULL;
CREATE INDEX heads_version ON heads (environment, version_id);
CREATE INDEX version_labels_version ON version_labels (version_id);
CREATE INDEX version_metrics_value ON version_metrics ("key", value, version_id);
CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;
CREATE TRIGGER versions_fixed BEFORE UPDATE OF model_id, n, major, minor, patch, project, created, registered_by, trained_by, vertex_model, body ON versions BEGIN SELECT RAISE(ABORT, 'a version is immutable'); END;
CREATE TRIGGER versions_delete BEFORE DELETE ON versions BEGIN SELECT RAISE(ABORT, 'versions are archived, not deleted'); END;
COMMIT;
