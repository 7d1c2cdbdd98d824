//! Every close code in every state, and the times at which the machine acts.
