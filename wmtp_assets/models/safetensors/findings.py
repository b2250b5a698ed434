"""What a stored safetensors file must be, from its header and a model's settings alone."""

from collections.abc import Mapping

from wmtp_assets.checking.findings import Finding, compare, verdict
from wmtp_assets.models.checkpoint.dtypes import stored_dtype
from wmtp_assets.models.safetensors.header import HEADER_METADATA, Header, coverage_faults
from wmtp_assets.models.tensor_shapes import Shapes, parameters

COVERS = "header_covers_the_file_exactly"
NO_CLAIMS = "header_claims_format_only"
SHAPES_MATCH = "names_and_shapes_match_architecture"
CATALOG_MATCH = "names_and_shapes_match_catalog_geometry"
ALL_FLOAT16 = "every_tensor_is_float16"
DTYPE_KEPT = "every_tensor_keeps_published_dtype"


def coverage_finding(header: Header) -> Finding:
    """Whether the tensors fill the file without gap or overlap."""
    good = (
        f"{len(header.tensors)} tensors and a header of {header.data_start:,} bytes cover "
        f"{header.file_bytes:,} bytes"
    )
    return verdict(
        coverage_faults(header),
        good,
        "the header does not cover the file",
        tensors=len(header.tensors),
        file_bytes=header.file_bytes,
    )


def claims_finding(header: Header) -> Finding:
    """Whether __metadata__ is {"format": "pt"}: a dtype named there would be no proof."""
    return compare("metadata entries", HEADER_METADATA, header.metadata)


def shapes_finding(
    header: Header, shapes: Shapes, expected_parameters: int | None = None
) -> Finding:
    """Whether names and shapes are those of an architecture, and as many values as published."""
    found = {name: list(tensor.shape) for name, tensor in header.tensors.items()}
    finding = compare("tensors", {name: list(shape) for name, shape in shapes.items()}, found)
    evidence = {**finding.evidence, "parameters": header.parameters}
    wanted = parameters(shapes) if expected_parameters is None else expected_parameters
    if finding.passed and header.parameters != wanted:
        sentence = f"{header.parameters:,} parameters, {wanted:,} expected"
        return Finding(False, sentence, evidence)
    summary = f"{finding.summary}, {header.parameters:,} parameters"
    return Finding(finding.passed, summary, evidence)


def float16_finding(header: Header) -> Finding:
    """Whether every tensor is float16 in the bytes."""
    wrong = [f"{name} is {t.dtype}" for name, t in header.tensors.items() if t.dtype != "float16"]
    return verdict(
        wrong,
        f"{len(header.tensors)} tensors, all float16",
        f"{len(wrong)} of {len(header.tensors)} tensors are not float16",
        dtypes=header.dtypes,
    )


def kept_dtype_finding(header: Header, published: Mapping[str, int], wanted: str) -> Finding:
    """Whether the tensors have the dtypes that the published ones had at the conversion.

    Args:
        published: Dtype -> number of tensors, as the conversion recorded it.
    """
    expected: dict[str, int] = {}
    for name, count in published.items():
        kept = stored_dtype(name, wanted).name
        expected[kept] = expected.get(kept, 0) + count
    finding = compare("dtypes", expected, header.dtypes)
    return Finding(finding.passed, f"{finding.summary} ({header.dtypes})", finding.evidence)
