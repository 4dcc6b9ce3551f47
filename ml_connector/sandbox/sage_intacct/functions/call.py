"""One function of a request: whose, on which books, in which formats; fields as replies show them."""

from dataclasses import dataclass

from ml_connector.sandbox.sage_intacct.books.company import Company, Work
from ml_connector.sandbox.sage_intacct.books.record import Record, Values
from ml_connector.sandbox.sage_intacct.books.shapes import SHAPES, Shape
from ml_connector.sandbox.sage_intacct.functions.results import Results
from ml_connector.sandbox.sage_intacct.options import SageIntacctOptions
from ml_connector.sandbox.sage_intacct.wire.errors import Entry, Failed, no_object, no_permission
from ml_connector.sandbox.sage_intacct.wire.reply import Result
from ml_connector.sandbox.sage_intacct.wire.values import Formats, Value
from ml_connector.sandbox.sage_intacct.wire.xml import Node, node


@dataclass(frozen=True, slots=True)
class Call:
    """`element`: the call itself; `result`: what its reply will be."""

    company: Company
    work: Work
    formats: Formats
    results: Results
    options: SageIntacctOptions
    element: Node
    result: Result

    def shape(self, name: str, operation: str) -> Shape:
        """The object that a read names. Raises Failed: it is not there, or the user may not read it."""
        shape = SHAPES.get(name)
        if shape is None:
            raise no_object(name)
        if name in self.options.forbidden:
            if name == "AUDITHISTORY":  # comes without a number (observed)
                raise Failed(Entry("", f"You do not have permission for API operation {operation} on {name}"))
            raise no_permission(operation, name)
        return shape

    def rows(self, shape: Shape, *, private: bool = False) -> list[tuple[Record, Values]]:
        """What a read of this level sees, as of when it sees it."""
        entity = self.work.entity
        seen = self.company.seen(shape.name)
        if private and not entity:
            return list(seen)
        return [one for one in seen if not one[0].owner or one[0].owner == entity]

    def value(self, shape: Shape, values: Values, name: str) -> Value:
        """A field, also of a related object by its dotted name (one step)."""
        if name in shape.fields:
            return values.get(name)
        relation, _, field = name.partition(".")
        table, key = shape.related[relation]
        other = self.company.tables[table].anywhere(str(values.get(key) or ""))
        return None if other is None else other.values.get(field)

    def known(self, shape: Shape, name: str) -> bool:
        if name in shape.fields:
            return True
        relation, _, field = name.partition(".")
        related = shape.related.get(relation)
        return related is not None and field in SHAPES[related[0]].fields

    def field(self, shape: Shape, values: Values, name: str) -> Node:
        return node(name, self.formats.show(self.value(shape, values, name)))

    def nested(self, shape: Shape, row: Record, values: Values) -> list[Node]:
        """The fields of `read *`: contacts nested, owned lines inside with lower-case tags (sage-intacct 3)."""
        made: list[Node] = []
        groups: dict[str, Node] = {}
        for name in shape.fields:
            *path, last = name.split(".")
            into = made
            for at in range(len(path)):
                prefix = ".".join(path[: at + 1])
                if prefix not in groups:
                    groups[prefix] = node(path[at])
                    into.append(groups[prefix])
                into = groups[prefix].children
            into.append(node(last, self.formats.show(values.get(name))))
        if shape.lines is not None:
            below = SHAPES[shape.lines.object]
            lines = [
                node(shape.lines.row.lower(), *(self.field(below, one, name) for name in below.fields))
                for _, one in self.company.seen(below.name)
                if one.get(shape.lines.parent) == row.number
            ]
            made.append(node(shape.lines.tag, *lines))
        return made


def boolean(text: str, *, default: bool = False) -> bool:
    """True or false of an option."""
    return default if not text.strip() else text.strip().casefold() in {"true", "1", "yes"}
