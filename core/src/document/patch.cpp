#include "syncline/document/patch.hpp"

#include "patch/ask.hpp"
#include "patch/look.hpp"
#include "patch/tell.hpp"

#include <utility>

namespace syncline {

PatchRecorder::PatchRecorder() : root_(std::make_unique<patching::Watch>(Type::map)) {}
PatchRecorder::PatchRecorder(PatchRecorder&&) noexcept = default;
PatchRecorder& PatchRecorder::operator=(PatchRecorder&&) noexcept = default;
PatchRecorder::~PatchRecorder() = default;

PatchRecorder::PatchRecorder(const Document& before, const std::vector<Part>& parts)
    : PatchRecorder() {
    for (const Part& part : parts) {
        Event at = part.first;
        for (const FieldOp& op : *part.ops) {
            patching::ask(*root_, op, at);
            at.dot.counter += span(op.op);
        }
    }
    patching::look(*root_, before.root());
}

namespace {

std::vector<PatchRecorder::Part> parts_of(const DocumentKey& key,
                                          const std::vector<const Change*>& changes) {
    std::vector<PatchRecorder::Part> parts;
    for (const Change* change : changes) {
        Event at{Dot{change->replica, change->first}, change->hlc};
        for (const Section& section : change->sections) {
            if (section.document == key) parts.push_back({&section.ops, at});
            at.dot.counter += section.span();
        }
    }
    return parts;
}

}  // namespace

PatchRecorder::PatchRecorder(const Document& before, const DocumentKey& key,
                             const std::vector<const Change*>& changes)
    : PatchRecorder(before, parts_of(key, changes)) {}

std::vector<Patch> PatchRecorder::patches(const Document& after) {
    return patching::tell(*root_, after.root());
}

std::vector<Patch> apply_and_tell(Document& document, const std::vector<FieldOp>& ops,
                                  const Event& first, const VersionVector* seen) {
    PatchRecorder recorder(document, {{&ops, first}});
    document.apply(ops, first, seen);
    return recorder.patches(document);
}

std::vector<Patch> patches_between(const Document& before, const Document& after) {
    PatchRecorder recorder;
    patching::ask_all(*recorder.root_, before.root(), after.root());
    patching::look(*recorder.root_, before.root());
    return recorder.patches(after);
}

}  // namespace syncline
