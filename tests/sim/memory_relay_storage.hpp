#pragma once

#include "syncline/sync/relay_storage.hpp"
#include "undo_log.hpp"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace syncline::sim {

/// A relay's disk in memory, with transactions, crashes, failures and backups.
class MemoryRelayStorage : public RelayStorage {
public:
    struct Space {
        SpaceRecord record;
        std::map<ReplicaId, ReplicaHead> heads;
        std::vector<std::shared_ptr<const LogRow>> rows;
        [[nodiscard]] std::uint64_t head() const { return rows.empty() ? 0 : rows.back()->last(); }
    };
    /// Everything that is on the disk. Rows are shared between copies.
    struct Image {
        std::map<std::pair<std::string, ReplicaId>, Registration> registrations;
        std::map<std::pair<std::string, std::string>, std::uint64_t> names;
        std::map<std::uint64_t, Space> spaces;
    };

    Result<> begin() override { return log_.begin(); }
    Result<> commit() override { return log_.commit(lying); }
    void rollback() override { log_.rollback(); }
    Result<std::optional<Registration>> registration(const std::string& tenant,
                                                     const ReplicaId& replica) override;
    Result<> put_registration(const std::string& tenant, const ReplicaId& replica,
                              const Registration& registration) override;
    Result<std::optional<SpaceRecord>> find_space(const std::string& tenant,
                                                  const std::string& name) override;
    Result<SpaceRecord> create_space(const std::string& tenant, const std::string& name,
                                     const EpochId& epoch) override;
    Result<> put_space(const SpaceRecord& record) override;
    Result<std::vector<ReplicaHead>> heads(std::uint64_t space) override;
    Result<> put_heads(std::uint64_t space, const std::vector<ReplicaHead>& heads) override;
    Result<> append(std::uint64_t space, const LogRow& row) override;
    Result<std::vector<LogRow>> read(std::uint64_t space, std::uint64_t after,
                                     std::size_t bytes_max) override;
    Result<std::optional<std::uint64_t>> salt_at(std::uint64_t space, std::uint64_t last) override;

    /// What is committed; only between transactions.
    [[nodiscard]] const Image& image() const { return image_; }
    [[nodiscard]] const Space* space(const std::string& tenant, const std::string& name) const;
    void restore(Image image);
    UndoLog& faults() { return log_; }
    void crash() { log_.crash(); }

    /// A control: commit() returns before anything is durable.
    bool lying = false;

private:
    Image image_;
    UndoLog log_;
};

}  // namespace syncline::sim
