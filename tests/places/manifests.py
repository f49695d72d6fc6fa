"""Checks manifests of Kubernetes against the published schemas."""
import pathlib
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / ".deps" / "kubernetes"))  # scripts/setup.sh --tests puts the schemas of Kubernetes and of Kubeflow there

WITHOUT_SCHEMAS = "scripts/setup.sh --tests installs the schemas of Kubernetes and Kubeflow, and a reader of YAML"
VERSION = "1.31"  # of Kubernetes
try:
    import kubernetes_validate
    import yaml
    from kubeflow_trainer_api.models import TrainerV1alpha1TrainJob
except ImportError:
    kubernetes_validate = None


def documents(text):
    return list(yaml.safe_load_all(text))


def pods(document):
    """The pod specifications of a manifest."""
    if document["kind"] == "Job":
        return [document["spec"]["template"]["spec"]]
    if document["kind"] == "PyTorchJob":
        return [replica["template"]["spec"] for replica in document["spec"]["pytorchReplicaSpecs"].values()]
    return []


def commands(document):
    """The arguments of hpcai-train in a manifest."""
    if document["kind"] == "TrainJob":
        return [document["spec"]["trainer"]["args"]]
    return [container["args"] for pod in pods(document) for container in pod["containers"]]


def require_fit(document):
    """Raises an exception if the document does not fit its schema, or has fields that the schema does not know."""
    if document["kind"] == "TrainJob":
        kept = TrainerV1alpha1TrainJob.from_dict(document).to_dict()
        if kept != document:
            raise ValueError(f"not in the schema of TrainJob: {document} is read as {kept}")
    for pod in pods(document):
        wrapped = {"apiVersion": "v1", "kind": "Pod", "metadata": document["metadata"], "spec": {"restartPolicy": "OnFailure", **pod}}
        kubernetes_validate.validate(wrapped, VERSION, strict=True)
    if document["kind"] in ("Job", "ConfigMap"):
        kubernetes_validate.validate(document, VERSION, strict=True)
