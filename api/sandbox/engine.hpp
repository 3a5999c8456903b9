// Carries out calls on the world as the rules say. It knows nothing of HTTP, credentials or time
// limits.

#pragma once

#include "api/sandbox/answer.hpp"
#include "api/sandbox/rules.hpp"
#include "api/sandbox/world.hpp"
#include "state/model/clock.hpp"

#include <memory>
#include <string>

namespace trueup::sandbox {

// One request, taken apart.
struct Call {
    const Route* route = nullptr;
    Value params = Map{}; // of the path, by name
    Value query = Map{};
    Value body = Map{}; // without nulls
    bool has_body = false;
    std::string project; // the ProjectUid header; "" : tenant scope
    WallTime now;
};

// What the engine is told once.
struct Setting {
    std::uint64_t seed = 1;
    std::string email;
    std::string tenant_uid;
    Duration async_duration{};
};

// "0001-01-01T00:00:00.000Z": a time that was never set (kinds.md a.8).
extern const char* const never;

class Engine {
public:
    Engine(std::shared_ptr<const Rules> rules, Setting setting);

    // Carries out a call whose route matched. Logging in is not the engine's business.
    Answer perform(const Call& call);

    World& world() { return world_; }
    const World& world() const { return world_; }
    const Rules& rules() const { return *rules_; }

    // Changes behind every client's back: no check, no duplicate rule, no reference rule.
    // The uid of the new object, or "" when the collection cannot create.
    std::string
    put(const std::string& collection, const std::string& project, Value body, WallTime now);
    bool remove(const std::string& collection, const std::string& uid);
    // Merges (RFC 7396) into the object as it is kept.
    bool
    patch(const std::string& collection, const std::string& uid, const Value& merge, WallTime now);

private:
    // An object of the call, or the refusal.
    struct Found {
        Object* object = nullptr;
        std::optional<Answer> refused;
    };

    Shelf& shelf_of(const Call& call) { return *world_.shelf(call.route->collection->name); }
    void seed(const Collection& collection);
    bool is_visible(const Collection& collection,
                    const Object& object,
                    const std::string& project) const;
    Found find_object(const Call& call);
    Found find_writable(const Call& call);
    Value server(const std::string& uid, const std::string& project, WallTime now) const;
    // `about` is server() of the object's project.
    std::optional<Value>
    show(const Call& call, const Object& object, const Expression& expression, const Value& about);

    Answer list(const Call& call);
    Answer read(const Call& call);
    Answer create(const Call& call);
    Answer update(const Call& call);
    Answer patch_document(const Call& call);
    Answer remove(const Call& call);
    Answer entries(const Call& call);
    Answer user_info();

    // What is wrong with the body of a write.
    std::optional<Answer> refuse_body(const Call& call, const Object* object);
    std::optional<Answer> refuse_references(const Call& call) const;
    // What is wrong with the object that a write would leave.
    std::optional<Answer> refuse_key(const Collection& collection,
                                     const Value& data,
                                     const std::string& project,
                                     const Object* self);

    void write_metadata(const Call& call,
                        const std::string& uid,
                        const std::string& project,
                        Value& data) const;
    Value compose(const Call& call,
                  const std::string& uid,
                  const std::string& project,
                  const Value& before,
                  const Value* source);
    void after_write(const Collection& collection, Object& object);
    void join(const Call& call, const std::string& uid);
    void erase(const Collection& collection, Object& object);

    std::shared_ptr<const Rules> rules_;
    Setting setting_;
    World world_;
};

} // namespace trueup::sandbox
