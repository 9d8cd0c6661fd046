//! Names of labels, annotations and finalizers: Prow's, which other tools select by, and ours.

/// Prow's label on all that it creates; value `true`.
pub const CREATED_BY_PROW: &str = "created-by-prow";
/// Label: the type of the run (`presubmit`, `postsubmit`, `periodic`, `batch`).
pub const TYPE: &str = "prow.k8s.io/type";
/// Label and annotation: the job's name; the label is cut to 63 bytes.
pub const JOB: &str = "prow.k8s.io/job";
/// Label and annotation: the status context; the label is cut to 63 bytes.
pub const CONTEXT: &str = "prow.k8s.io/context";
/// Label: owner of the tested repository.
pub const REFS_ORG: &str = "prow.k8s.io/refs.org";
/// Label: name of the tested repository.
pub const REFS_REPO: &str = "prow.k8s.io/refs.repo";
/// Label: base branch.
pub const REFS_BASE_REF: &str = "prow.k8s.io/refs.base_ref";
/// Label: number of the first pull.
pub const REFS_PULL: &str = "prow.k8s.io/refs.pull";
/// Label: whether a presubmit is optional.
pub const IS_OPTIONAL: &str = "prow.k8s.io/is-optional";
/// Label: `true` on runs started by `/retest`.
pub const RETEST: &str = "prow.k8s.io/retest";
/// Label: attempt number of a retried periodic.
pub const RE_RUN: &str = "prow.k8s.io/re-run";
/// Label: the webhook delivery that caused the run.
pub const EVENT_GUID: &str = "event-GUID";
/// Label: `true` on runs that the merge pool started.
pub const CREATED_BY_TIDE: &str = "created-by-tide";
/// Label on pods: the name of the ProwJob.
pub const ID: &str = "prow.k8s.io/id";
/// Label: the build id.
pub const BUILD_ID: &str = "prow.k8s.io/build-id";
/// Label on pods: version of the controller that made it.
pub const PLANK_VERSION: &str = "prow.k8s.io/plank-version";
/// Label: context of Gerrit's report; reserved, kept as Prow has it.
pub const GERRIT_REPORT_LABEL: &str = "prow.k8s.io/gerrit-report-label";

/// Annotation: the trigger key of a run; the only proof that an object of our name is ours (DESIGN R1).
pub const TRIGGER: &str = "bowsprit.dev/trigger";
/// Annotation: where the job came from, `jobconfig/NAME` or `in-repo@SHA`.
pub const SOURCE: &str = "bowsprit.dev/source";
/// Annotation on a ProwJob: abort it; the value names who asked.
pub const ABORT: &str = "bowsprit.dev/abort";
/// Annotation on a finished ProwJob: run it again; `USER/ID`.
pub const RERUN: &str = "bowsprit.dev/rerun";
/// Annotation on pods: UID of the ProwJob, which ties them across clusters (DESIGN R4).
pub const PROW_JOB_UID: &str = "bowsprit.dev/prowjob-uid";
/// Annotation on pods: namespace of the ProwJob, which is another than the pod's (DESIGN R4).
pub const PROW_JOB_NAMESPACE: &str = "bowsprit.dev/prowjob-namespace";
/// Label on pod namespaces and their Secrets: the tenant's namespace (DESIGN R4).
pub const TENANT: &str = "bowsprit.dev/tenant";
/// Finalizer of every kind of ours.
pub const FINALIZER: &str = "bowsprit.dev/cleanup";

/// The longest value of a Kubernetes label, in bytes.
pub const LABEL_VALUE_MAX: usize = 63;
