#pragma once

#include "syncline/sync/replica_storage.hpp"
#include "undo_log.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace syncline::sim {

/// One space of a device's store in memory, with transactions, crashes and failures. A copy of its
/// image is what somebody gets who copies the store's file.
class MemorySpaceStorage : public SpaceStorage {
public:
    using Documents = std::map<DocumentKey, std::shared_ptr<const Bytes>>;
    struct Image {
        SpaceState state;
        std::map<std::uint64_t, VersionVector> vectors;
        std::map<std::uint64_t, Documents> documents;  ///< by generation
        std::map<std::uint64_t, OwnChange> own;        ///< by first
        std::map<std::uint64_t, LoggedChange> logged;  ///< by sequence number
    };

    explicit MemorySpaceStorage(Image image) : image_(std::move(image)) {}

    Result<> begin() override { return log_.begin(); }
    Result<> commit() override { return log_.commit(false); }
    void rollback() override { log_.rollback(); }
    Result<SpaceState> load() override;
    Result<> save(const SpaceState& state) override;
    Result<VersionVector> vector(std::uint64_t generation) override;
    Result<> raise(std::uint64_t generation, const ReplicaId& replica,
                   std::uint64_t counter) override;
    Result<std::optional<Bytes>> document(std::uint64_t generation,
                                          const DocumentKey& key) override;
    Result<> put_document(std::uint64_t generation, const DocumentKey& key,
                          BytesView state) override;
    Result<> scan(std::uint64_t generation, const std::string& collection,
                  const std::string& behind,
                  const std::function<bool(const DocumentKey&, BytesView)>& visit) override;
    Result<std::vector<std::string>> collections(std::uint64_t generation) override;
    Result<> drop_generation(std::uint64_t generation) override;
    Result<std::vector<OwnChange>> own_changes(std::uint64_t after, std::size_t limit,
                                               bool pending_only) override;
    Result<std::optional<OwnChange>> own_change_ending(std::uint64_t last) override;
    Result<std::optional<OwnChange>> own_change_starting(std::uint64_t first) override;
    Result<> put_own_change(const OwnChange& change) override;
    Result<> erase_own_change(std::uint64_t first) override;
    Result<> promote_staged(std::uint64_t now_ms) override;
    Result<> clear_staged() override;
    Result<> put_logged(const LoggedChange& change) override;
    Result<std::vector<LoggedChange>> logged(std::uint64_t after, std::size_t limit) override;
    Result<std::optional<LoggedRange>> logged_range() override;
    Result<> erase_logged(std::uint64_t up_to) override;

    [[nodiscard]] const Image& image() const { return image_; }
    UndoLog& faults() { return log_; }
    void crash() { log_.crash(); }

private:
    Image image_;
    UndoLog log_;
};

}  // namespace syncline::sim
