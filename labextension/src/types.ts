// Written by `make types` from the Python models; not by hand.

/**
 * What somebody may do. Each includes the ones before it, but for admin: who grants may not promote by that.
 */
export type Role = 'viewer' | 'contributor' | 'approver' | 'admin';
export type JsonValue = unknown;
/**
 * Whether a version may be used.
 */
export type Status = 'active' | 'quarantined' | 'archived';
/**
 * What a version is in an environment.
 */
export type Place = 'staged' | 'challenger' | 'champion';

export interface Everything {}
/**
 * What holds for a project. `project` is the contents path of its folder, None where it is outside of the root.
 */
export interface About {
  version: string;
  name: string;
  project: string | null;
  registry: RegistryPlace;
  environments: EnvironmentInfo[];
  /**
   * Whether the server may write into the project's folder.
   */
  editable: boolean;
}
/**
 * Which registry the project has. `actor` is who works on it, where that is known without asking a server.
 */
export interface RegistryPlace {
  where: string;
  kind: 'embedded' | 'remote';
  actor: string | null;
  /**
   * In the order in which versions move on.
   */
  environments: ServingEnvironment[];
}
/**
 * One environment that a registry knows by itself.
 */
export interface ServingEnvironment {
  name: string;
  /**
   * Whether its champions change by pull request alone.
   */
  protected: boolean;
}
/**
 * One environment of mdk.yaml: what pipelines can be submitted to.
 */
export interface EnvironmentInfo {
  name: string;
  /**
   * Whether its champions change by pull request alone.
   */
  protected: boolean;
  target: ('vertex' | 'kfp') | null;
}
/**
 * Who acts. Made by authentication alone, never from the content of a request.
 */
export interface Actor {
  name: string;
  grants: Grant[];
  /**
   * How the actor was authenticated: local, token, oidc, iap, cloudrun.
   */
  method: string;
  /**
   * Facts of the token worth keeping: repository, ref, issuer ...
   */
  claims: {
    [k: string]: string;
  };
}
/**
 * A role of somebody in a project and an environment; `*` stands for all.
 */
export interface Grant {
  /**
   * The name that authentication gives, or `*`.
   */
  subject: string;
  role: Role;
  project: string;
  environment: string;
}
/**
 * The ends of all histories at one moment, to be kept outside the registry.
 */
export interface Anchor {
  at: string;
  /**
   * By model; the registry's own history has an empty name.
   */
  heads: {
    [k: string]: ChainEnd;
  };
}
/**
 * The last record of a history.
 */
export interface ChainEnd {
  seq: number;
  hash: string;
}
/**
 * Somebody agreed that a version may be published.
 */
export interface Approval {
  model: string;
  version: string;
  environment: string;
  actor: string;
  comment: string | null;
  at: string;
}
/**
 * A value that a step left.
 */
export interface ArtifactBrief {
  status: string | null;
  type: string | null;
  preview: string | null;
  size: number | null;
  digest: string | null;
}
/**
 * The model's bytes: where they are, and what they must be. Fixed for ever when the version is registered.
 */
export interface ArtifactRef {
  uri: string;
  /**
   * Of the file, or of the listing of a folder.
   */
  sha256: string | null;
  /**
   * In bytes.
   */
  size: number | null;
  /**
   * joblib, skops, xgboost, torch, onnx ...
   */
  format: string | null;
}
/**
 * One thing that happened, for ever. Each record holds the hash of the one before it.
 */
export interface AuditRecord {
  /**
   * The model's name; empty for what concerns the whole registry.
   */
  chain: string;
  seq: number;
  at: string;
  actor: string;
  /**
   * How the actor was authenticated.
   */
  method: string;
  /**
   * register, promote, publish, rollback, quarantine ...
   */
  action: string;
  version: string | null;
  environment: string | null;
  data: {
    [k: string]: JsonValue;
  };
  previous: string;
  hash: string;
}
/**
 * A place where the history is not what was written.
 */
export interface Break {
  chain: string;
  seq: number;
  what: string;
}
/**
 * What one code cell is for.
 */
export interface CellRole {
  id: string;
  cell: number;
  kind: 'component' | 'parameters' | 'skip' | 'exploration';
  component: string | null;
}
/**
 * A version that gets a share of the traffic besides the champion.
 */
export interface Challenger {
  version: string;
  percent: number;
}
/**
 * Which version an environment serves, since when, and who decided it.
 */
export interface Champion {
  model: string;
  environment: string;
  version: Version;
  since: string;
  /**
   * Set where a past champion was asked for.
   */
  until: string | null;
  actor: string;
  reason: string | null;
  endpoint: string | null;
  /**
   * Counts the changes of this model in this environment.
   */
  revision: number;
  /**
   * The version before it.
   */
  previous: string | null;
  /**
   * False where the version was the champion already.
   */
  changed: boolean;
}
/**
 * A registered version. All but labels, card, status and places stays as it was registered.
 */
export interface Version {
  model: string;
  project: string;
  /**
   * major.minor.patch
   */
  version: string;
  /**
   * Counts the versions of the model, from 1.
   */
  n: number;
  artifact: ArtifactRef;
  metrics: {
    [k: string]: boolean | number | string;
  };
  parameters: {
    [k: string]: JsonValue;
  };
  signature: Signature | null;
  provenance: Provenance;
  datasets: Dataset[];
  /**
   * Only where a single version is asked for.
   */
  requirements: string[];
  /**
   * Only where a single version is asked for.
   */
  profile: {
    [k: string]: JsonValue;
  } | null;
  cost: Cost | null;
  description: string | null;
  vertex_model: string | null;
  extra: {
    [k: string]: JsonValue;
  };
  created: string;
  /**
   * From the authentication.
   */
  registered_by: string;
  labels: {
    [k: string]: string;
  };
  /**
   * The model card, as Markdown.
   */
  card: string | null;
  status: Status;
  status_reason: string | null;
  /**
   * By environment: champion, challenger or staged.
   */
  places: {
    [k: string]: Place;
  };
}
/**
 * What a model takes and gives.
 */
export interface Signature {
  inputs: Column[];
  outputs: Column[];
}
/**
 * One input or output of a model.
 */
export interface Column {
  name: string;
  /**
   * float, int, bool, str, category, datetime, tensor(…), …
   */
  type: string;
  optional: boolean;
}
/**
 * Where a version comes from.
 */
export interface Provenance {
  /**
   * Whoever registers, where it is not given.
   */
  trained_by: string | null;
  git: GitState | null;
  notebook: NotebookState | null;
  run: RunRef | null;
  python: string | null;
  /**
   * The container image with its digest.
   */
  image: string | null;
}
/**
 * The commit that the notebook was at.
 */
export interface GitState {
  url: string | null;
  commit: string | null;
  branch: string | null;
  /**
   * Whether there were changes that no commit has.
   */
  dirty: boolean;
}
/**
 * The notebook that made the version.
 */
export interface NotebookState {
  path: string;
  sha256: string | null;
}
/**
 * The run that made the version.
 */
export interface RunRef {
  id: string;
  pipeline: string | null;
  /**
   * local, vertex or kfp.
   */
  target: string | null;
  url: string | null;
}
/**
 * Data that a version was made from or judged by.
 */
export interface Dataset {
  uri: string;
  role: 'training' | 'validation' | 'test' | 'reference' | 'other';
  sha256: string | null;
  rows: number | null;
  name: string | null;
}
/**
 * What it took to make a version.
 */
export interface Cost {
  /**
   * Money, in `currency`.
   */
  amount: number | null;
  currency: string;
  wall_seconds: number | null;
  cpu_seconds: number | null;
  gpu_seconds: number | null;
}
/**
 * A notebook: what is on disk, or `content` as it is in the editor (an object; text for scripts and specs).
 *
 * Of several requests of one `client` for one path that wait, the newest is carried out and answers all.
 */
export interface CheckRequest {
  path: string;
  content?:
    | {
        [k: string]: unknown;
      }
    | string
    | null;
  client?: string;
}
/**
 * What a notebook is as a pipeline, and what is wrong with it.
 */
export interface Checked {
  name: string;
  components: Component[];
  parameters: ParameterInfo[];
  findings: Finding[];
  cells: CellRole[];
  /**
   * How the notebook's cells say what they are, mostly.
   */
  style: 'tags' | 'metadata' | 'magic';
  /**
   * Whether it is a pipeline: no finding is an error.
   */
  ok: boolean;
}
/**
 * One step to be. Where the notebook has errors, what is not known yet is empty; no component is missing.
 */
export interface Component {
  name: string;
  /**
   * Ids of its cells, in the order of the page.
   */
  cells: string[];
  after: string[];
  /**
   * Name -> component.name of the output it is.
   */
  inputs: {
    [k: string]: string;
  };
  /**
   * Name -> kind of value.
   */
  outputs: {
    [k: string]:
      'dataset' | 'model' | 'array' | 'figure' | 'int' | 'float' | 'bool' | 'str' | 'list' | 'dict' | 'value' | 'state';
  };
  options: ComponentOptions;
  /**
   * The components that it waits for.
   */
  needs: string[];
}
/**
 * What a component's cells say of it; None is what they do not say.
 */
export interface ComponentOptions {
  after: string[] | null;
  when: string | null;
  foreach: string | null;
  cpu: number | null;
  memory: string | null;
  gpu: string | null;
  image: string | null;
  retries: number | null;
  timeout: string | null;
  cache: boolean | null;
  description: string | null;
  requirements: string[] | null;
  files: string[] | null;
  changes: string[] | null;
  outputs: string[] | null;
  metrics: string[] | null;
  env: {
    [k: string]: string;
  } | null;
  secrets: {
    [k: string]: string;
  } | null;
  volumes: {
    [k: string]: string;
  } | null;
  labels: {
    [k: string]: string;
  } | null;
  annotations: {
    [k: string]: string;
  } | null;
}
/**
 * A parameter of the pipeline. Without a default each run must give it.
 */
export interface ParameterInfo {
  name: string;
  type: 'int' | 'float' | 'bool' | 'str' | 'list' | 'dict' | 'none';
  default: {
    [k: string]: unknown;
  };
  required: boolean;
  description: string | null;
}
/**
 * One problem, at a line (from 1) within a cell (from 1).
 */
export interface Finding {
  code: string;
  severity: 'error' | 'warning' | 'info';
  message: string;
  fix: string;
  cell_id: string | null;
  cell: number | null;
  line: number | null;
  column: number | null;
  names: string[];
}
/**
 * A change, as CloudEvents 1.0 says it. Delivered at least once: tell repeats by `id`.
 */
export interface CloudEvent {
  specversion: '1.0';
  id: string;
  source: string;
  /**
   * Such as `dev.mdk.registry.champion.changed.v1`.
   */
  type: string;
  /**
   * A model; `_registry` for what concerns no single one.
   */
  subject: string;
  time: string;
  datacontenttype: 'application/json';
  data: {
    [k: string]: JsonValue;
  };
}
/**
 * A value in both runs.
 */
export interface ComparedArtifact {
  change: 'same' | 'changed' | 'only in a' | 'only in b';
  a: ArtifactBrief | null;
  b: ArtifactBrief | null;
}
/**
 * One of two runs.
 */
export interface ComparedRun {
  id: string;
  pipeline: string;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled' | 'interrupted';
  started: number | null;
  seconds: number | null;
}
/**
 * A step in one of two runs.
 */
export interface ComparedStep {
  state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled' | 'interrupted';
  seconds: number | null;
  cached_from: string | null;
}
/**
 * A step in both runs; None where a run has no such step.
 */
export interface ComparedSteps {
  a: ComparedStep | null;
  b: ComparedStep | null;
}
/**
 * Two versions, side by side.
 */
export interface Comparison {
  a: string;
  b: string;
  metrics: MetricDifference[];
  parameters: Difference[];
  /**
   * Signature, datasets, requirements, provenance, artifact, labels.
   */
  others: Difference[];
}
/**
 * One metric of two versions.
 */
export interface MetricDifference {
  name: string;
  before: boolean | number | string | null;
  after: boolean | number | string | null;
  /**
   * after - before, where both are numbers.
   */
  difference: number | null;
}
/**
 * A fact in which two versions differ. Nested facts have dotted names.
 */
export interface Difference {
  name: string;
  before: JsonValue;
  after: JsonValue;
}
/**
 * What the versions with one value of a label took.
 */
export interface CostRow {
  /**
   * Empty for versions without the label.
   */
  value: string;
  currency: string;
  versions: number;
  amount: number;
  wall_seconds: number;
  cpu_seconds: number;
  gpu_seconds: number;
}
/**
 * All that one environment has of a model.
 */
export interface Deployment {
  model: string;
  environment: string;
  revision: number;
  champion: string | null;
  placements: Placement[];
}
/**
 * A version in an environment, other than as its champion; or the champion's endpoint and status.
 */
export interface Placement {
  version: string;
  place: Place;
  percent: number | null;
  endpoint: string | null;
  /**
   * What the deployment reported of itself.
   */
  status: {
    [k: string]: JsonValue;
  };
  since: string;
  actor: string;
}
/**
 * `source` came before `target`.
 */
export interface Edge {
  source: string;
  target: string;
  relation: 'trained' | 'evaluated' | 'made' | 'contains' | 'serves';
}
/**
 * A change to a file of the repository; `diff` is unified.
 */
export interface FileEdit {
  file: string;
  before: string;
  after: string;
  diff: string;
}
/**
 * A condition on a version.
 *
 * `metric`: `expression` such as `auc >= 0.8`, or `auc >= champion - 0.01` (passes where there is no champion).
 * `label`: the version has the label `key`, with `value` where that is given. `card`, `signature`, `dataset`,
 * `digest`: the version has one. `clean_git`: it was made from a commit without other changes.
 */
export interface Gate {
  name: string;
  kind: 'metric' | 'label' | 'card' | 'signature' | 'dataset' | 'digest' | 'clean_git';
  expression: string | null;
  key: string | null;
  value: string | null;
  /**
   * Whether an approver may set it aside, with a reason.
   */
  waivable: boolean;
}
/**
 * How one gate judged.
 */
export interface GateResult {
  gate: string;
  passed: boolean;
  detail: string;
  /**
   * The first verb that needs it.
   */
  needed_for: 'promote' | 'publish';
  waivable: boolean;
  /**
   * The reason it was set aside.
   */
  waived: string | null;
}
/**
 * Lineage: what was made from what.
 */
export interface Graph {
  nodes: Node[];
  edges: Edge[];
}
/**
 * A thing in the lineage.
 */
export interface Node {
  id: string;
  kind: 'version' | 'dataset' | 'run' | 'notebook' | 'commit' | 'environment';
  label: string;
  facts: {
    [k: string]: JsonValue;
  };
}
/**
 * What an import did.
 */
export interface Imported {
  models: number;
  versions: number;
  /**
   * Versions that were there already.
   */
  skipped: number;
}
/**
 * What a step printed.
 */
export interface LogText {
  text: string;
}
/**
 * A model: the name that its versions share.
 */
export interface ModelInfo {
  name: string;
  project: string;
  description: string | null;
  owner: string | null;
  use_case: string | null;
  sensitivity: string | null;
  labels: {
    [k: string]: string;
  };
  created: string;
  created_by: string;
  /**
   * How many were registered.
   */
  versions: number;
  /**
   * major.minor.patch of the newest version.
   */
  newest: string | null;
  /**
   * Version by environment.
   */
  champions: {
    [k: string]: string;
  };
}
/**
 * What is given to register a version.
 */
export interface NewVersion {
  /**
   * major.minor; the patch is allocated.
   */
  version: string | null;
  artifact: ArtifactRef;
  metrics: {
    [k: string]: boolean | number | string;
  };
  parameters: {
    [k: string]: JsonValue;
  };
  signature: Signature | null;
  provenance: Provenance1;
  datasets: Dataset[];
  /**
   * Pinned packages, one `name==version` each.
   */
  requirements: string[];
  /**
   * Distribution of the training data, for monitoring.
   */
  profile: {
    [k: string]: JsonValue;
  } | null;
  cost: Cost | null;
  /**
   * Of the model, where this is its first version; else of the version.
   */
  description: string | null;
  /**
   * Given with the first version of a model.
   */
  project: string | null;
  use_case: string | null;
  /**
   * none, personal, confidential ... in the organisation's words.
   */
  sensitivity: string | null;
  owner: string | null;
  labels: {
    [k: string]: string;
  };
  /**
   * projects/P/locations/L/models/M@V
   */
  vertex_model: string | null;
  /**
   * Kept and shown as it was given.
   */
  extra: {
    [k: string]: JsonValue;
  };
}
/**
 * Where a version comes from.
 */
export interface Provenance1 {
  /**
   * Whoever registers, where it is not given.
   */
  trained_by: string | null;
  git: GitState | null;
  notebook: NotebookState | null;
  run: RunRef | null;
  python: string | null;
  /**
   * The container image with its digest.
   */
  image: string | null;
}
/**
 * Where an executed notebook is: a path in the drive `mdk:`.
 */
export interface NotebookPath {
  path: string;
}
/**
 * A promotion, a rollback or challengers. With `apply` false nothing changes.
 */
export interface OperationRequest {
  model: string;
  environment: string;
  /**
   * What to promote, or to go back to; None: the previous champion.
   */
  version?: string | null;
  /**
   * Version -> percent of the traffic, of those that challenge; the champion has the rest.
   */
  challengers?: {
    [k: string]: number;
  } | null;
  reason?: string | null;
  apply?: boolean;
  /**
   * Contents path from which mdk.yaml is looked for.
   */
  path?: string | null;
  /**
   * The revision that was shown; any other one is refused.
   */
  revision?: number | null;
  /**
   * Gates to set aside, where the environment is not protected.
   */
  waivers?: Waiver[];
  /**
   * Why all gates are passed by; flagged in the history.
   */
  break_glass?: string | null;
  /**
   * Whether a rollback puts the version that leaves away.
   */
  quarantine?: boolean;
}
/**
 * A gate that is set aside, and why.
 */
export interface Waiver {
  gate: string;
  reason: string;
}
/**
 * What an operation would change, or has changed. In a protected environment that is a file on a branch.
 */
export interface OperationView {
  protected: boolean;
  /**
   * Whether it was carried out: the registry changed, or the edit is on the branch.
   */
  applied: boolean;
  /**
   * The version that is to be the champion, or stays it.
   */
  version: string;
  /**
   * Those who may do it, of the registry's roles; empty where it is a file, without any.
   */
  roles: string[];
  /**
   * Who alone may do it, where the policy names them.
   */
  changed_by: string[];
  /**
   * The plan, to be read.
   */
  text: string;
  markdown: string;
  /**
   * The plan as `mdk ops plan --format json` prints it.
   */
  plan: {
    [k: string]: unknown;
  };
  gates: GateResult[];
  /**
   * What stands in the way.
   */
  blocked: string[];
  notes: string[];
  edit: FileEdit | null;
  branch: string | null;
  commit: string | null;
  pull_request: PullRequest | null;
  /**
   * What is left for the user to do.
   */
  next_steps: string[];
  revision: number | null;
}
/**
 * What reviewers will read; `url` where it was opened.
 */
export interface PullRequest {
  title: string;
  body: string;
  url: string | null;
}
/**
 * A parameter or metric in two runs; a side that a run has not is left out.
 */
export interface PairView {
  same: boolean;
  a: {
    [k: string]: unknown;
  };
  b: {
    [k: string]: unknown;
  };
  difference: number | null;
  [k: string]: unknown;
}
/**
 * A submission to look at before it is sent.
 */
export interface PlanRequest {
  path: string;
  environment?: string | null;
  target?: ('vertex' | 'kfp') | null;
  parameters?: {
    [k: string]: unknown;
  };
  schedule?: string | null;
}
/**
 * A plan, as values and as text. `protected` says that its environment is not to be touched by mistake.
 */
export interface Planned {
  plan: SubmitPlan;
  text: string;
  warnings: Finding[];
  protected: boolean;
}
/**
 * What `mdk submit --dry-run --json` prints.
 */
export interface SubmitPlan {
  pipeline: string;
  name: string;
  project: string;
  environment: string;
  target: 'vertex' | 'kfp';
  job: string;
  root: string;
  labels: {
    [k: string]: string;
  };
  parameters: {
    [k: string]: unknown;
  };
  changed: {
    [k: string]: unknown;
  };
  schedule: string | null;
  steps: PlannedStep[];
  costs: string[];
  spec_size: number;
  [k: string]: unknown;
}
/**
 * One step as it would run on the service.
 */
export interface PlannedStep {
  name: string;
  task: string;
  after: string[];
  image: string;
  pinned: boolean;
  installs: string[];
  cpu: number | null;
  memory: string | null;
  gpu: string | null;
  retries: number;
  timeout: string | null;
  cached: boolean;
  when: string | null;
  foreach: string | null;
  secrets: string[];
  [k: string]: unknown;
}
/**
 * What it takes to bring a version into an environment and to make it the champion there.
 */
export interface Policy {
  environment: string;
  /**
   * A policy of a project goes before that of all.
   */
  project: string;
  /**
   * Where the version must have been champion before.
   */
  after: string | null;
  after_waivable: boolean;
  /**
   * Whether publishing needs a promotion into the environment before.
   */
  promoted: boolean;
  /**
   * How many others must have agreed before it is published.
   */
  approvals: number;
  /**
   * Who trained or requested does not count among those who agree.
   */
  separation: boolean;
  gates: Gate[];
  /**
   * Who alone may change champions and traffic there, such as the job that applies operations.yaml. Others keep their other rights. Empty: everybody whose role allows it.
   *
   * @maxItems 100
   */
  changed_by: string[];
  /**
   * Whether an approver may pass all this in an emergency.
   */
  break_glass: boolean;
}
/**
 * The body of every answer that is an error.
 */
export interface Problem {
  message: string;
  findings: Finding[];
  /**
   * Where a policy refused: every gate, and whether it was passed.
   */
  gates: GateResult[];
  /**
   * The service that is away.
   */
  service: ('registry' | 'vertex' | 'kfp') | null;
  /**
   * Where the request was based on another one: the one that holds.
   */
  revision: number | null;
}
/**
 * A version moved on into an environment.
 */
export interface Promotion {
  model: string;
  version: string;
  environment: string;
  actor: string;
  reason: string | null;
  at: string;
  revision: number;
  gates: GateResult[];
  changed: boolean;
}
/**
 * What publishing a version would change, and what stands in its way.
 */
export interface PromotionPlan {
  model: string;
  environment: string;
  champion: string | null;
  candidate: string;
  /**
   * What the candidate is there now.
   */
  place: Place | null;
  metrics: MetricDifference[];
  gates: GateResult[];
  approvals: Approval[];
  /**
   * How many are still missing.
   */
  approvals_needed: number;
  may_promote: boolean;
  may_publish: boolean;
  /**
   * Send it as `expected_revision`.
   */
  revision: number;
}
/**
 * The event https://mdk-jupyter.dev/events/registry/v1. An empty model stands for the registry itself.
 */
export interface RegistryEvent {
  model: string;
  environment: string | null;
  action: string;
}
/**
 * Run `b` seen from run `a`: what `mdk runs diff --json` prints.
 */
export interface RunComparison {
  a: ComparedRun;
  b: ComparedRun;
  parameters: {
    [k: string]: PairView;
  };
  metrics: {
    [k: string]: PairView;
  };
  /**
   * Component -> unified diff of its code; of those that differ.
   */
  sources: {
    [k: string]: string;
  };
  steps: {
    [k: string]: ComparedSteps;
  };
  /**
   * By step.name.
   */
  artifacts: {
    [k: string]: ComparedArtifact;
  };
}
/**
 * The event https://mdk-jupyter.dev/events/run/v1.
 */
export interface RunEvent {
  store: string;
  run: string;
  source: string | null;
  event: RunEventContent;
}
/**
 * One thing that happened in a run; see `mdk_jupyter.local.events.Event`.
 */
export interface RunEventContent {
  time: number;
  run: string;
  kind: 'run' | 'step' | 'cell' | 'output' | 'warning';
  step: string | null;
  state: ('waiting' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled' | 'interrupted') | null;
  seconds: number | null;
  cell: number | null;
  message: string | null;
  data: {
    [k: string]: unknown;
  };
}
/**
 * Runs, the newest first, and the stores that were looked into.
 */
export interface RunList {
  runs: RunView[];
  stores: string[];
}
/**
 * One run, here or on a service.
 */
export interface RunView {
  id: string;
  store: string;
  pipeline: string;
  source: string | null;
  target: 'local' | 'vertex' | 'kfp';
  environment: string | null;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled' | 'interrupted';
  started: number | null;
  seconds: number | null;
  parameters: {
    [k: string]: unknown;
  };
  metrics: {
    [k: string]: unknown;
  };
  steps: StepView[];
  warnings: string[];
  link: string | null;
  /**
   * Whether its environment is one that nothing is sent to by mistake.
   */
  protected: boolean;
}
/**
 * One step of a run. `notebook` and `log` are paths in the drive `mdk:`.
 */
export interface StepView {
  name: string;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled' | 'interrupted';
  started: number | null;
  seconds: number | null;
  cached: boolean;
  why: string;
  after: string[];
  part_of: string | null;
  /**
   * Which of its cells runs, from 1.
   */
  cell: number | null;
  /**
   * How many it has.
   */
  cells: number | null;
  notebook: string | null;
  log: string | null;
  findings: Finding[];
  traceback: string | null;
  metrics: {
    [k: string]: unknown;
  };
}
/**
 * A run to start. The notebook is read from disk.
 */
export interface RunRequest {
  path: string;
  target?: 'local' | 'vertex' | 'kfp';
  environment?: string | null;
  parameters?: {
    [k: string]: unknown;
  };
  start?: string[];
  only?: string[];
  until?: string[];
  cache?: boolean;
  keep_going?: boolean;
  workers?: number | null;
  /**
   * A cron line, or off; for targets elsewhere.
   */
  schedule?: string | null;
  /**
   * Run the same once more; for targets elsewhere.
   */
  again?: boolean;
}
/**
 * What was done about a schedule.
 */
export interface Scheduled {
  text: string;
}
/**
 * What versions to look for. All that is given must hold.
 */
export interface Search {
  /**
   * Part of the model's name or description.
   */
  text: string | null;
  project: string | null;
  labels: {
    [k: string]: string;
  };
  /**
   * Such as `auc > 0.8`.
   */
  metrics: string[];
  champion_in: string | null;
  trained_by: string | null;
  since: string | null;
  until: string | null;
  status: Status | null;
}
/**
 * A pipeline spec.
 */
export interface Spec {
  yaml: string;
}
/**
 * A notebook, as for a check.
 */
export interface SpecRequest {
  path: string;
  content?:
    | {
        [k: string]: unknown;
      }
    | string
    | null;
}
/**
 * A token of the dev mode. The secret is shown once, when the token is made.
 */
export interface Token {
  id: string;
  subject: string;
  note: string | null;
  created: string;
  expires: string | null;
  revoked: boolean;
  secret: string | null;
}
/**
 * Whether the history is whole.
 */
export interface Verification {
  chains: number;
  records: number;
  breaks: Break[];
  /**
   * How many ends of histories, kept in anchors outside, were compared.
   */
  anchored: number;
}
