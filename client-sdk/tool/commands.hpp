#pragma once

#include <cstdint>
#include <optional>
#include <string>

/// The commands of the `syncline` tool. Each opens the store, does its work, prints its result to
/// stdout or what went wrong to stderr, and returns the process's exit code.
namespace syncline::tool {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_not_found = 3;
inline constexpr int exit_refused = 4;
inline constexpr int exit_unreachable = 5;
inline constexpr int exit_storage = 6;
inline constexpr int exit_bad_input = 7;

struct Context {
    std::string store;
    std::string space = "default";
};

enum class Edit : std::uint8_t { set, insert, erase, enable, disable };

struct ListEdit {
    enum Kind : std::uint8_t { push, insert, set, erase, move };
    Kind kind = push;
    std::uint32_t index = 0;
    std::uint32_t count = 1;
    std::uint32_t to = 0;
    std::string json;
};

struct TextEdit {
    enum Kind : std::uint8_t { insert, erase, mark, unmark, spans };
    Kind kind = insert;
    std::uint32_t at = 0;
    std::uint32_t count = 0;
    std::string text;  ///< or a mark's name
    std::string json;
};

struct ImportOptions {
    std::string id_field;
    int batch = 500;
};

struct SyncOptions {
    std::string url;
    std::string token;
    std::string token_file;
    std::string ca_file;
    std::string collection;  ///< of what watch prints; empty is all
    bool watch = false;
    int timeout_s = 30;
};

struct PresenceOptions {
    std::string session;
    std::string json;  ///< what to say of oneself; empty: only watch
};

int edit(const Context& context, const std::string& document, const std::string& field,
         const std::string& json, Edit edit);
int add(const Context& context, const std::string& document, const std::string& field,
        std::int64_t amount);
int edit_list(const Context& context, const std::string& document, const std::string& field,
              const ListEdit& edit);
int edit_text(const Context& context, const std::string& document, const std::string& field,
              const TextEdit& edit);
int remove(const Context& context, const std::string& document, const std::string& field);
/// As it is, or as it was when the relay's log had reached `as_of`.
int get(const Context& context, const std::string& document, const std::string& field,
        std::optional<std::uint64_t> as_of);
/// Prints an entry a line.
int history(const Context& context, const std::string& document, const std::string& field);
int keep_history(const Context& context, std::uint32_t days);
int list(const Context& context, const std::string& collection);
int export_all(const Context& context, const std::string& collection);
int import_all(const Context& context, const std::string& collection, const std::string& file,
               const ImportOptions& options);
int conflicts(const Context& context, const std::string& document, const std::string& field);
int sync(const Context& context, const SyncOptions& options);
/// Syncs, and prints who is in the space whenever that changes, until a signal.
int presence(const Context& context, const SyncOptions& options, const PresenceOptions& own);
int status(const Context& context);
int digest(const Context& context);
/// Sets the schema of `file` ("-" is standard input), or prints the one in use if it is empty.
int schema(const Context& context, const std::string& file);
int forget_schema(const Context& context);

}  // namespace syncline::tool
