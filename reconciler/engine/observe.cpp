#include "reconciler/engine/observe.hpp"

#include "reconciler/engine/contents.hpp"
#include "reconciler/engine/gather.hpp"
#include "reconciler/engine/keepsakes.hpp"
#include "reconciler/engine/orphans.hpp"
#include "reconciler/engine/recall.hpp"
#include "reconciler/engine/scopes.hpp"
#include "reconciler/engine/subjects.hpp"
#include "reconciler/engine/task_group.hpp"
#include "reconciler/engine/unseen.hpp"
#include "state/model/mutation.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <set>

namespace trueup {

namespace {

// One list to walk: a kind in a scope.
struct Collection {
    const Kind* kind = nullptr;
    Scope scope;
    bool proves_absence = false;
    std::optional<Error> error;
};

class Observation {
public:
    Observation(const Catalogue& catalogue,
                const ManifestSet& manifests,
                const std::vector<Record>& records,
                Observer& observer,
                ObserveOptions options)
        : catalogue_(catalogue),
          manifests_(manifests),
          observer_(observer),
          options_(std::move(options)),
          subjects_(manifests, records),
          questions_(questions_in(manifests))
    {
        found_.sightings.reserve(subjects_.all().size());
    }

    Task<Result<Observations>> run()
    {
        const Executor executor = co_await boost::asio::this_coro::executor;
        auto scopes = co_await find_scopes(catalogue_, observer_, names_of_scopes());
        if (!scopes)
            co_return scopes.error();
        found_.scopes = std::move(*scopes);
        choose_collections();
        co_await walk_all(executor);
        co_await fill_gaps(executor);
        co_await follow_references(executor);
        co_await look_up_all(executor);
        if (fatal_)
            co_return *fatal_;
        fatal_ = co_await read_orphans(catalogue_, observer_, options_, found_);
        if (options_.prune || options_.destroy)
            co_await find_contents();
        if (fatal_)
            co_return *fatal_;
        co_return std::move(found_);
    }

private:
    // ---- scopes

    // The names of the scopes that addresses are in.
    ScopeNames names_of_scopes() const
    {
        ScopeNames names;
        const auto add = [&](const Kind* kind, const Address& address) {
            if (kind != nullptr && address.project())
                names[kind->parent].insert(*address.project());
        };
        for (const Subject& subject : subjects_.all())
            if (subject.address != nullptr)
                add(kind_of(subject), *subject.address);
        for (const std::string& target : questions_.undeclared)
            if (const auto address = Address::parse(target))
                add(catalogue_.find(address->kind()), *address);
        return names;
    }

    // The scope of an address; nothing when its project does not exist (yet).
    std::optional<Scope> scope_of(const Kind& kind, const Address& address) const
    {
        if (!address.project())
            return Scope();
        const auto it = found_.scopes.find(scope_address(kind, *address.project()).text());
        if (it == found_.scopes.end() || it->second.empty())
            return std::nullopt;
        return Scope(*address.project(), it->second);
    }

    // Null when the catalogue does not have it.
    const Kind* kind_of(const Subject& subject) const
    {
        if (subject.manifest != nullptr)
            return subject.manifest->kind;
        return subject.address != nullptr ? catalogue_.find(subject.address->kind()) : nullptr;
    }

    // ---- lists

    void choose_collections()
    {
        std::set<std::pair<std::string, Scope>> chosen;
        const auto choose = [&](const Kind* kind, const Scope& scope) {
            // Most are of the kind and in the scope of the one before.
            const bool is_same = !collections_.empty() && collections_.back().kind == kind &&
                                 collections_.back().scope == scope;
            if (kind == nullptr || is_same || !kind->list || kind->is_singleton() ||
                !chosen.emplace(kind->name, scope).second)
                return;
            Collection collection;
            collection.kind = kind;
            collection.scope = scope;
            collections_.push_back(std::move(collection));
        };
        for (const Manifest& manifest : manifests_.manifests)
            if (const auto scope = scope_of(*manifest.kind, manifest.address))
                choose(manifest.kind, *scope);
        for (const Subject& subject : subjects_.all())
            if (const Kind* kind = kind_of(subject); subject.manifest == nullptr && kind != nullptr)
                if (const auto scope = scope_of(*kind, *subject.address))
                    choose(kind, *scope);
        if (!options_.prune && !options_.destroy)
            return;
        // Objects that carry our mark may be of kinds that nothing declares or remembers any more.
        for (const Kind& kind : catalogue_.kinds) {
            if (!kind.mark)
                continue;
            if (kind.scope != ScopeRule::project)
                choose(&kind, Scope());
            if (kind.scope != ScopeRule::tenant)
                for (const Scope& scope : scopes_of(kind))
                    choose(&kind, scope);
        }
    }

    // Those that are known and exist.
    std::vector<Scope> scopes_of(const Kind& kind) const
    {
        std::vector<Scope> scopes;
        for (const auto& [text, uid] : found_.scopes)
            if (const auto address = Address::parse(text);
                address && !uid.empty() && address->kind() == kind.parent)
                scopes.emplace_back(name_of_scope(*address), uid);
        return scopes;
    }

    static std::string name_of_scope(const Address& address)
    {
        return percent_decode(address.name()).value_or(address.name());
    }

    Task<void> walk_all(Executor executor)
    {
        TaskGroup group(executor);
        for (std::size_t i = 0; i < collections_.size(); ++i) {
            co_await group.wait_below(options_.parallelism);
            group.spawn(walk(i));
        }
        co_await group.wait_all();
    }

    Task<void> walk(std::size_t index)
    {
        const Kind& kind = *collections_[index].kind;
        Scope scope = collections_[index].scope;
        const auto sink = [this, &kind, scope](std::vector<Observed> page) -> Result<void> {
            for (Observed& object : page)
                take(kind, scope, std::move(object));
            return {};
        };
        PageSink take_page = sink;
        CallContext context(kind.name);
        auto walk = co_await observer_.list(kind, scope, std::move(take_page), std::move(context));
        if (walk)
            collections_[index].proves_absence = walk->proves_absence;
        else
            fail(index, walk.error());
    }

    void fail(std::size_t index, const Error& error)
    {
        if (mutated(Mutation::failed_listing_is_empty)) {
            collections_[index].proves_absence = true;
            return;
        }
        if (is_fatal(error))
            fatal_ = error;
        collections_[index].error = error;
    }

    // Keeps an object of a walk that somebody asks for.
    void take(const Kind& kind, const Scope& scope, Observed object)
    {
        if (object.foreign_scope)
            return;
        if (const Subject* owner = subjects_.owner_of(kind.name, object.uid);
            owner != nullptr && owner->record->scope_uid == scope.uid) {
            keep_owned(found_.sightings[owner->record->address], kind, *owner, std::move(object));
            return;
        }
        Address address = address_of(kind, scope.project, object.value);
        if (subjects_.find(address.text()) != nullptr) {
            auto& same_key = found_.sightings[address.text()].by_key;
            if (std::ranges::find(same_key, object.uid, &Seen::uid) == same_key.end())
                same_key.emplace_back(std::move(object));
            return;
        }
        if (object.mark && object.mark->owner == options_.owner_id &&
            !options_.released.contains(object_key(kind.name, object.uid)) &&
            (object.mark->address == address_mark(address) || mutated(Mutation::prune_clones))) {
            found_.orphans.emplace_back(std::move(address), scope, std::move(object));
            return;
        }
        if (!object.builtin)
            ++found_.unmanaged;
    }

    // What shows no more than what was last applied and is still declared is kept once, as the tree
    // of the manifest: most objects of most rounds. The rest of it nobody asks for, unless a
    // reference does.
    void keep_owned(Sighting& sighting, const Kind& kind, const Subject& owner, Observed object)
    {
        const Record& record = *owner.record;
        sighting.uid_checked = true;
        Seen& seen = sighting.by_uid.emplace(std::move(object));
        const bool is_as_declared = owner.manifest != nullptr &&
                                    record.last_applied.is(owner.manifest->body) &&
                                    !questions_.targets_with_fields.contains(record.address);
        seen.value = is_as_declared && shows_no_less(kind, seen.value, record.last_applied)
                         ? record.last_applied
                         : keep_once(std::move(seen.value), record.last_applied);
    }

    // ---- what the lists do not tell

    Task<void> fill_gaps(Executor executor)
    {
        TaskGroup group(executor);
        for (const Subject& subject : subjects_.all()) {
            const Kind* kind = kind_of(subject);
            if (kind == nullptr || fatal_)
                continue;
            if (const Error* error = collection_error(*kind, *subject.address)) {
                found_.failures[std::string(subject.text)] = error->text();
                continue;
            }
            if (!needs_more(*kind, *subject.address))
                continue;
            co_await group.wait_below(options_.parallelism);
            group.spawn(fill(*kind, *subject.address));
        }
        co_await group.wait_all();
    }

    const Collection* collection_of(const Kind& kind, const Address& address) const
    {
        const auto scope = scope_of(kind, address);
        const auto it = std::ranges::find_if(collections_, [&](const Collection& collection) {
            return collection.kind == &kind && scope && collection.scope == *scope;
        });
        return it != collections_.end() ? &*it : nullptr;
    }

    const Error* collection_error(const Kind& kind, const Address& address) const
    {
        const Collection* collection = collection_of(kind, address);
        return collection != nullptr && collection->error ? &*collection->error : nullptr;
    }

    const Record* record_of(const Address& address) const
    {
        const Subject* subject = subjects_.find(address.text());
        return subject != nullptr ? subject->record : nullptr;
    }

    bool needs_more(const Kind& kind, const Address& address)
    {
        const Sighting& seen = found_.sightings[address.text()];
        const Record* record = record_of(address);
        if (kind.is_singleton())
            return true;
        if (record != nullptr && !record->uid.empty() && !seen.by_uid)
            return true;
        const bool matched = seen.by_uid || !seen.by_key.empty();
        if (matched)
            return options_.refresh == Refresh::full || is_incomplete(seen);
        const Collection* collection = collection_of(kind, address);
        return collection != nullptr && !collection->proves_absence;
    }

    static bool is_incomplete(const Sighting& seen)
    {
        return (seen.by_uid && !seen.by_uid->complete) ||
               std::ranges::any_of(seen.by_key,
                                   [](const Seen& object) { return !object.complete; });
    }

    Task<void> fill(const Kind& kind, Address address)
    {
        auto filled = co_await fill_or_fail(kind, address);
        if (filled)
            co_return;
        if (is_fatal(filled.error()))
            fatal_ = filled.error();
        found_.failures[address.text()] = filled.error().text();
    }

    Task<Result<void>> fill_or_fail(const Kind& kind, Address address)
    {
        const std::optional<Scope> scope = scope_of(kind, address);
        const Record* record = record_of(address);
        if (kind.is_singleton()) {
            auto read = co_await read_singleton(kind, address, scope);
            co_return read;
        }
        if (record != nullptr && !record->uid.empty()) {
            auto read = co_await read_owned(kind, address, *record, scope);
            if (!read)
                co_return read;
        }
        if (!scope || found_.sightings[address.text()].by_uid)
            co_return Result<void>{};
        auto read = co_await read_by_key(kind, address, *scope);
        co_return read;
    }

    Task<Result<void>> read_singleton(const Kind& kind, Address address, std::optional<Scope> scope)
    {
        if (!scope) {
            found_.sightings[address.text()].uid_checked = true;
            co_return Result<void>{};
        }
        Scope where = *scope;
        CallContext context(address.text());
        std::string uid;
        auto object = co_await observer_.read(kind, where, std::move(uid), std::move(context));
        if (!object)
            co_return object.error();
        Sighting& sighting = found_.sightings[address.text()];
        sighting.uid_checked = true;
        // What is remembered of a project that was re-created under its name is of the old one.
        const Record* record = record_of(address);
        if (*object && record != nullptr && record->scope_uid == where.uid)
            sighting.by_uid = std::move(**object);
        else if (*object)
            sighting.by_key.emplace_back(std::move(**object));
        co_return Result<void>{};
    }

    Task<Result<void>>
    read_owned(const Kind& kind, Address address, const Record& record, std::optional<Scope> scope)
    {
        Sighting& before = found_.sightings[address.text()];
        if (before.by_uid && before.by_uid->complete && options_.refresh == Refresh::automatic)
            co_return Result<void>{};
        // A project that was re-created under its name is another scope; what was in the old one is
        // gone with it, which reading by uid in the scope that we remember confirms.
        if (record.scope_uid.empty() == address.project().has_value()) {
            before.uid_checked = true;
            co_return Result<void>{};
        }
        Scope where;
        if (address.project())
            where = Scope(*address.project(), record.scope_uid);
        const bool scope_gone = address.project() && (!scope || scope->uid != record.scope_uid);
        CallContext context(address.text());
        std::string uid = record.uid;
        auto object = co_await observer_.read(kind, where, std::move(uid), std::move(context));
        Sighting& sighting = found_.sightings[address.text()];
        if (!object) {
            const Errc code = object.error().code;
            const bool denied = code == Errc::forbidden || code == Errc::rejected ||
                                code == Errc::not_found || code == Errc::invalid_input;
            if ((!scope_gone || !denied) && !mutated(Mutation::failed_read_is_absence))
                co_return object.error();
            sighting.uid_checked = true;
            co_return Result<void>{};
        }
        const auto early = not_seen_yet(kind, record, options_.now);
        if (!*object && early)
            co_return *early;
        sighting.uid_checked = true;
        sighting.by_uid.reset();
        if (*object)
            keep_owned(sighting, kind, *subjects_.find(record.address), std::move(**object));
        co_return Result<void>{};
    }

    Task<Result<void>> read_by_key(const Kind& kind, Address address, Scope scope)
    {
        std::vector<Seen> listed = found_.sightings[address.text()].by_key;
        CallContext context(address.text());
        if (listed.empty()) {
            std::vector<std::string> key = trueup::key_of(kind, address);
            auto objects =
                co_await observer_.look_up(kind, scope, std::move(key), std::move(context));
            if (!objects)
                co_return objects.error();
            std::erase_if(*objects, [](const Observed& object) { return object.foreign_scope; });
            std::vector<Seen>& same_key = found_.sightings[address.text()].by_key;
            same_key.clear();
            for (Observed& object : *objects)
                same_key.emplace_back(std::move(object));
            co_return Result<void>{};
        }
        std::vector<Seen> complete;
        for (const Seen& entry : listed) {
            std::string uid = entry.uid;
            CallContext each(address.text());
            auto object = co_await observer_.read(kind, scope, std::move(uid), std::move(each));
            if (!object)
                co_return object.error();
            if (*object)
                complete.emplace_back(std::move(**object));
        }
        found_.sightings[address.text()].by_key = std::move(complete);
        co_return Result<void>{};
    }

    // ---- references and look-ups

    Task<void> follow_references(Executor executor)
    {
        TaskGroup group(executor);
        for (const std::string& text : questions_.undeclared) {
            const auto address = Address::parse(text);
            const Kind* kind = address ? catalogue_.find(address->kind()) : nullptr;
            if (kind == nullptr || kind->is_singleton() || fatal_)
                continue;
            const auto seen = found_.sightings.find(text);
            const auto scope = scope_of(*kind, *address);
            if (!scope || (seen != found_.sightings.end() &&
                           (seen->second.by_uid || !seen->second.by_key.empty())))
                continue;
            co_await group.wait_below(options_.parallelism);
            group.spawn(fill_reference(*kind, *address, *scope));
        }
        co_await group.wait_all();
    }

    Task<void> fill_reference(const Kind& kind, Address address, Scope scope)
    {
        auto read = co_await read_by_key(kind, address, scope);
        if (!read && is_fatal(read.error()))
            fatal_ = read.error();
        else if (!read)
            found_.failures[address.text()] = read.error().text();
    }

    Task<void> look_up_all(Executor executor)
    {
        TaskGroup group(executor);
        for (const auto& [text, unknown] : questions_.lookups) {
            const Kind* kind = catalogue_.find(unknown.lookup->kind);
            if (kind == nullptr || !kind->list)
                continue;
            co_await group.wait_below(options_.parallelism);
            group.spawn(look_up_one(*kind, unknown));
        }
        co_await group.wait_all();
    }

    Task<void> look_up_one(const Kind& kind, Unknown unknown)
    {
        Lookup lookup = *unknown.lookup;
        auto uids = co_await find_matching(observer_, kind, std::move(lookup));
        if (uids)
            found_.lookups[unknown.text()] = std::move(*uids);
        else if (is_fatal(uids.error()))
            fatal_ = uids.error();
    }

    // ---- containers

    // The containers that may be about to go, each in the scope in which it would be deleted.
    std::vector<Container> going() const
    {
        std::vector<Container> going;
        const auto add =
            [&](const Kind* kind, const Address& address, Scope scope, std::string uid) {
                if (kind == nullptr || !kind->container)
                    return;
                Container& container = going.emplace_back();
                container.kind = kind;
                container.address = address;
                container.scope = std::move(scope);
                container.uid = std::move(uid);
            };
        for (const Subject& subject : subjects_.all()) {
            if (subject.record == nullptr || subject.address == nullptr ||
                (subject.manifest != nullptr && !options_.destroy))
                continue;
            Scope scope;
            if (const auto& project = subject.address->project())
                scope = Scope(*project, subject.record->scope_uid);
            add(kind_of(subject), *subject.address, std::move(scope), subject.record->uid);
        }
        for (const Orphan& orphan : found_.orphans)
            add(catalogue_.find(orphan.address.kind()),
                orphan.address,
                orphan.scope,
                orphan.object.uid);
        if (!options_.destroy)
            return going;
        for (const Manifest& manifest : manifests_.manifests) {
            const auto scope = scope_of(*manifest.kind, manifest.address);
            const auto seen = found_.sightings.find(manifest.address.text());
            if (!scope || seen == found_.sightings.end() || record_of(manifest.address) != nullptr)
                continue;
            for (const Seen& object : seen->second.by_key)
                add(manifest.kind, manifest.address, *scope, object.uid);
        }
        return going;
    }

    // Without an answer the contents stay unknown, and the container stays.
    Task<void> find_contents()
    {
        const std::vector<Container> containers = going();
        Inventory inventory(catalogue_, observer_);
        for (const Container& container : containers) {
            auto contents = co_await inventory.contents_of(container);
            if (contents)
                found_.contents[{container.address.text(), container.uid}] = std::move(*contents);
        }
    }

    const Catalogue& catalogue_;
    const ManifestSet& manifests_;
    Observer& observer_;
    ObserveOptions options_;
    const Subjects subjects_;
    const Questions questions_;
    std::vector<Collection> collections_;
    std::optional<Error> fatal_;
    Observations found_;
};

} // namespace

Task<Result<Observations>> observe(const Catalogue& catalogue,
                                   const ManifestSet& manifests,
                                   const std::vector<Record>& records,
                                   Observer& observer,
                                   ObserveOptions options)
{
    if (options.refresh == Refresh::none)
        co_return recall(catalogue, manifests, records);
    Observation observation(catalogue, manifests, records, observer, std::move(options));
    auto result = co_await observation.run();
    co_return result;
}

} // namespace trueup
