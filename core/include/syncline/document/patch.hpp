#pragma once

#include "syncline/document/change.hpp"
#include "syncline/document/document.hpp"
#include "syncline/document/text_delta.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace syncline {

namespace patching {
struct Watch;
}

/// What one field shows now that it did not show before. See docs/patches.md. A value.
struct Patch {
    /// A register, counter or flag shows another value. In a list's element (the path ends in one):
    /// it stands in the element's place.
    struct Put {
        std::optional<Value> before;  ///< none: the field was not there
        Value after;
        std::uint32_t conflicts = 0;  ///< of a register: how many values lost against this one
        friend bool operator==(const Put&, const Put&) = default;
    };
    /// A map, list, text or set is there, with nothing in it yet.
    struct Created {
        friend bool operator==(const Created&, const Created&) = default;
    };
    /// The field is gone, with all that was in it.
    struct Removed {
        std::optional<Value> before;  ///< of a register, counter or flag
        friend bool operator==(const Removed&, const Removed&) = default;
    };
    /// All of the field is told anew: another one under its key hid it until now, or everything in
    /// it was cleared and it was filled again.
    struct Revealed {
        Value value;
        friend bool operator==(const Revealed&, const Revealed&) = default;
    };
    struct SetInserted {
        Value element;
        friend bool operator==(const SetInserted&, const SetInserted&) = default;
    };
    struct SetErased {
        Value element;
        friend bool operator==(const SetErased&, const SetErased&) = default;
    };
    /// What a list shows at one index.
    struct Element {
        Dot id;
        Type type = Type::lww_register;  ///< of what is shown in it
        Value value;
        friend bool operator==(const Element&, const Element&) = default;
    };
    struct ListInserted {
        std::uint32_t index = 0;
        std::vector<Element> elements;
        friend bool operator==(const ListInserted&, const ListInserted&) = default;
    };
    struct ListErased {
        std::uint32_t index = 0;
        std::uint32_t count = 0;
        friend bool operator==(const ListErased&, const ListErased&) = default;
    };
    /// Taken out at `from`, it is put in at `to`.
    struct ListMoved {
        Dot id;
        std::uint32_t from = 0;
        std::uint32_t to = 0;
        friend bool operator==(const ListMoved&, const ListMoved&) = default;
    };
    struct TextChanged {
        TextDelta delta;
        friend bool operator==(const TextChanged&, const TextChanged&) = default;
    };
    using What = std::variant<Put, Created, Removed, Revealed, SetInserted, SetErased, ListInserted,
                              ListErased, ListMoved, TextChanged>;

    Path path;  ///< the field; empty: the document
    /// For each step of the path into a list's element: where that stands.
    std::vector<std::uint32_t> indices;
    /// False in a field that a view does not show, since another of its key comes first.
    bool shown = true;
    What what;

    friend bool operator==(const Patch&, const Patch&) = default;
};

/// Tells what ops change in a document: looks before, and again afterwards.
///
///     PatchRecorder recorder(document, {{&section.ops, first}});
///     document.apply(section.ops, first, seen);
///     auto patches = recorder.patches(document);
///
/// Semantics  patched(view(before), patches) == view(after), where `after` is `before` with these
///            ops applied and nothing else. It need not be the same object: whoever shows confirmed
///            state with own changes on top may build it anew.
/// Cost       O(log n) for each thing that the ops name; for a clear, as applying it: a look at
///            every dot below it. Copied is what the patches tell. A text with m marks costs
///            O(m log n) once; a sequence in which elements wait for another (after a relay was
///            restored) is compared as a whole.
/// Threads    A value, that holds nothing of the document.
class PatchRecorder {
public:
    /// Some ops and their first event.
    struct Part {
        const std::vector<FieldOp>* ops;
        Event first;
    };
    PatchRecorder(const Document& before, const std::vector<Part>& parts);
    /// Of changes, those sections that are for this document.
    PatchRecorder(const Document& before, const DocumentKey& key,
                  const std::vector<const Change*>& changes);
    PatchRecorder(PatchRecorder&&) noexcept;
    PatchRecorder& operator=(PatchRecorder&&) noexcept;
    ~PatchRecorder();

    /// Call it once.
    [[nodiscard]] std::vector<Patch> patches(const Document& after);

private:
    friend std::vector<Patch> patches_between(const Document& before, const Document& after);
    PatchRecorder();

    std::unique_ptr<patching::Watch> root_;
};

/// Document::apply (the one for a section), and what it changed.
std::vector<Patch> apply_and_tell(Document& document, const std::vector<FieldOp>& ops,
                                  const Event& first, const VersionVector* seen);

/// What leads from one state to another, when it is not known how that came about: after a join, or
/// when states replace each other. O(n log n).
[[nodiscard]] std::vector<Patch> patches_between(const Document& before, const Document& after);

/// The view with the patches applied; hidden fields' patches do nothing. For tests, and for whoever
/// holds views as values: O(view) a patch.
[[nodiscard]] Value patched(Value view, const std::vector<Patch>& patches);

}  // namespace syncline
