#pragma once

#include "syncline/client/store.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::wasm {

class Arguments;

/// The module's one store, and what it answers when it is called by name. Everything is JSON text;
/// js/engine.ts has each method and event as a typed function.
class Engine {
public:
    /// `request` is an array: the method's name, then its arguments. The answer is one JSON text.
    Result<std::string> call(std::string_view request);
    /// What happened since the last call, as a JSON array, oldest first; empty if nothing did.
    ///     {"type":"changed","space":…,"documents":[{"collection":…,"id":…,"remote":bool},…]}
    ///     {"type":"rejected","space":…,"changes":[…]}
    ///     {"type":"presence","space":…}                who is there is another list now
    ///     {"type":"status","space":…,"status":{…}}     only when it is another one than before
    std::string take_events();
    [[nodiscard]] bool has_events();

private:
    using Method = Result<std::string> (*)(Engine&, const Arguments&);
    struct OpenSpace {
        Space space;
        Subscription changed;
        Subscription rejected;
        Subscription presence;
        std::string told_status;
    };

    static Method find(std::string_view name);
    template <Result<std::string> (Engine::*method)(const Arguments&)>
    static Result<std::string> of_module(Engine& engine, const Arguments& in);
    template <Result<std::string> (*method)(Store&, const Arguments&)>
    static Result<std::string> of_store(Engine& engine, const Arguments& in);
    template <Result<std::string> (*method)(Space&, const Arguments&)>
    static Result<std::string> of_space(Engine& engine, const Arguments& in);
    template <Result<std::string> (*method)(UndoStack&, const Arguments&)>
    static Result<std::string> of_undo(Engine& engine, const Arguments& in);

    Result<std::string> open(const Arguments& in);
    Result<std::string> close(const Arguments& in);
    Result<std::string> connect(const Arguments& in);
    Result<std::string> set_token(const Arguments& in);
    Result<std::string> undo_new(const Arguments& in);
    Result<std::string> undo_free(const Arguments& in);
    /// The first argument names it. A space is opened, and from then on observed.
    Result<Space*> space_of(const Arguments& in);
    Result<UndoStack*> undo_of(const Arguments& in);
    void note_status();

    // In the order of dependence: a stack or a space keeps the store open.
    std::optional<Store> store_;
    std::map<std::string, OpenSpace> spaces_;
    std::map<std::int64_t, UndoStack> undos_;
    std::int64_t last_undo_ = 0;
    std::vector<std::string> events_;
};

}  // namespace syncline::wasm
