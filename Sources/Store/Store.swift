// The first declarations of this target.
