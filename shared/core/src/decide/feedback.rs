//! What comes back: outcomes of sends, what became of messages, answers of other systems, commands.

use serde_json::Value;

use super::{DecideError, Deciding, Happening, Signal};
use crate::condition::MessageState;
use crate::enrollment::{Origin, State};
use crate::id::{EnrollmentId, SendId};
use crate::identity::Channel;
use crate::input::{
    Answer, AnswerResult, Command, CommandKind, Feedback, FeedbackKind, Properties, SendOutcome,
};
use crate::log::{EndReason, NotEntered, Trace};
use crate::release::{OnError, Step, Verb};
use crate::send::Outcome;
use crate::time::Timestamp;
use std::borrow::Cow;
use std::time::Duration;

/// The event of an SMS that asks for help: what a journey answers.
const HELP_REQUESTED: &str = "sms_help_requested";
/// How long a parked run waits for somebody before it ends as failed.
const PARKED_FOR: Duration = Duration::from_hours(7 * 24);

impl Deciding<'_> {
    /// A send is over: its run goes on from the moment the message left or was skipped.
    pub(super) fn settle(&mut self, over: &SendOutcome) -> Result<(), DecideError> {
        let has_left = matches!(over.outcome, Outcome::Accepted { .. } | Outcome::Unknown);
        // A copy of the request may have sent what another copy gave back.
        let is_awaited = self.contact.waits_for(over.enrollment, over.send)
            || self.contact.holds(over.enrollment, over.send);
        if is_awaited || !has_left {
            self.count_sent(over.send, has_left.then_some(over.at));
        }
        if !is_awaited {
            self.trace.push(Trace::OutcomeUnclaimed(over.send));
            return Ok(());
        }
        let Some((journey, ix)) = self.stand(over.enrollment)? else {
            return Ok(());
        };
        let Some(step) = journey.step(ix) else {
            return Ok(());
        };
        self.trace.push(Trace::SendEnded {
            journey: journey.id.clone(),
            step: step.id.clone(),
            send: over.send,
            outcome: over.outcome.clone(),
        });
        let run = self.contact.to_mut().run_mut(over.enrollment);
        if has_left && let Some(message) = run.and_then(|run| run.messages.get_mut(&step.id)) {
            message.add(MessageState::Sent);
        }
        if has_left {
            self.hand_out(over.enrollment);
            self.greeted(step);
        }
        self.go_on(over.enrollment, step, over.at)
    }

    /// An address that nobody has proven has had its first message.
    fn greeted(&mut self, step: &Step) {
        let Verb::Message(message) = &step.verb else {
            return;
        };
        let is_news = self.contact.stranger(message.channel).is_some();
        let unproven = is_news.then(|| self.contact.to_mut().unproven.get_mut(&message.channel));
        if let Some(Some(unproven)) = unproven {
            unproven.is_greeted = true;
        }
    }

    /// A step that waited for an answer is over. While its journey stands still, the run waits below the step.
    fn go_on(&mut self, id: EnrollmentId, step: &Step, at: Timestamp) -> Result<(), DecideError> {
        self.is_stirred = true;
        let is_paused = self
            .contact
            .run(id)
            .is_some_and(|run| self.context.release.is_paused(&run.journey));
        if is_paused {
            let step = step.id.clone();
            self.stay(
                id,
                State::Waiting {
                    step,
                    since: at,
                    due_at: at,
                },
            );
            return Ok(());
        }
        self.run(id, step.next, at)
    }

    /// What caps count: a message from when it was asked for, corrected when it left; none that did not.
    pub(super) fn count_sent(&mut self, send: SendId, left_at: Option<Timestamp>) {
        let Some(place) = self.contact.sent.iter().position(|sent| sent.send == send) else {
            return;
        };
        let counted = &mut self.contact.to_mut().sent;
        match left_at {
            Some(at) => {
                if let Some(message) = counted.get_mut(place) {
                    message.at = at;
                }
            }
            None => {
                counted.remove(place);
            }
        }
    }

    /// Something became of a message. What a machine did is noted and moves nobody.
    pub(super) fn take_feedback(&mut self, feedback: &Feedback) {
        self.trace.push(Trace::MessageState {
            journey: feedback.journey.clone(),
            step: feedback.step.clone(),
            kind: feedback.kind,
            is_machine: feedback.is_machine,
        });
        match feedback.kind {
            FeedbackKind::Stopped => self.stop_texts(true, feedback.at),
            FeedbackKind::Resumed => self.stop_texts(false, feedback.at),
            FeedbackKind::AskedHelp => self.push(Signal::Event(Happening {
                name: Cow::Borrowed(HELP_REQUESTED),
                is_activity: false,
                properties: Cow::Owned(Properties::new()),
                at: feedback.at,
                id: feedback.id,
            })),
            FeedbackKind::Delivered
            | FeedbackKind::Opened
            | FeedbackKind::Clicked
            | FeedbackKind::Replied
            | FeedbackKind::Bounced
            | FeedbackKind::Complained => {}
        }
        let Some((state, event)) = feedback.kind.state() else {
            return;
        };
        if feedback.is_machine {
            return;
        }
        // Who follows a link in it, or answers, has read it.
        if matches!(feedback.kind, FeedbackKind::Clicked | FeedbackKind::Replied) {
            self.proven(Channel::Email);
        }
        let mut runs = self.contact.enrollments.iter();
        let is_of =
            |send: SendId| move |message: &&crate::enrollment::MessageRecord| message.send == send;
        let run = runs.find(|run| {
            run.messages
                .values()
                .any(|message| is_of(feedback.send)(&message))
        });
        if let Some(id) = run.map(|run| run.id)
            && let Some(run) = self.contact.to_mut().run_mut(id)
        {
            for message in run
                .messages
                .values_mut()
                .filter(|message| message.send == feedback.send)
            {
                message.add(state);
            }
        }
        let link = feedback.link.as_deref().map(|link| ("link", link));
        let text = feedback.text.as_ref();
        let text = text.map(|text| ("text", text.expose().as_str()));
        let said = link.into_iter().chain(text);
        let said = said.map(|(name, value)| (name.to_owned(), Value::from(value)));
        let names = [("journey", &feedback.journey), ("step", &feedback.step)];
        let names = names.map(|(name, value)| (name.to_owned(), Value::from(value.as_str())));
        let is_activity = matches!(state, MessageState::Clicked | MessageState::Replied);
        self.push(Signal::Event(Happening {
            name: Cow::Borrowed(event),
            is_activity,
            properties: Cow::Owned(names.into_iter().chain(said).collect::<Properties>()),
            at: feedback.at,
            id: feedback.id,
        }));
    }

    /// Another system answered: its run goes on.
    pub(super) fn take_answer(&mut self, answer: &Answer) -> Result<(), DecideError> {
        let run = self.contact.run(answer.enrollment);
        let is_awaited = run.is_some_and(
            |run| matches!(run.state, State::Asking { call, .. } if call == answer.call),
        );
        if !is_awaited {
            self.trace.push(Trace::AnswerUnclaimed(answer.call));
            return Ok(());
        }
        let Some((journey, ix)) = self.stand(answer.enrollment)? else {
            return Ok(());
        };
        let Some(step) = journey.step(ix) else {
            return Ok(());
        };
        let failure = match &answer.result {
            AnswerResult::Done(value) => {
                self.keep_code(answer.enrollment, &journey, &step.verb, value.expose());
                if let Some(name) = step.verb.saves()
                    && let Some(run) = self.contact.to_mut().run_mut(answer.enrollment)
                {
                    run.data
                        .expose_mut()
                        .insert(name.to_owned(), value.expose().clone());
                }
                None
            }
            AnswerResult::Failed { reason } => Some(reason.clone()),
        };
        let is_failure = failure.is_some();
        self.trace.push(Trace::Answered {
            journey: journey.id.clone(),
            step: step.id.clone(),
            failure,
        });
        self.is_stirred = true;
        if is_failure {
            self.fail(
                answer.enrollment,
                &step.id,
                step.on_error,
                step.next,
                answer.at,
            )?;
        } else {
            self.go_on(answer.enrollment, step, answer.at)?;
        }
        Ok(())
    }

    /// A step failed for good.
    fn fail(
        &mut self,
        id: EnrollmentId,
        step: &str,
        on_error: OnError,
        next: Option<crate::release::StepIx>,
        at: Timestamp,
    ) -> Result<(), DecideError> {
        match on_error {
            OnError::Continue => self.run(id, next, at),
            OnError::Steps(first) => self.run(id, Some(first), at),
            OnError::Exit => {
                self.end(id, EndReason::Failed);
                Ok(())
            }
            OnError::Park => {
                let due_at = at.plus(PARKED_FOR);
                if let Some(run) = self.contact.to_mut().run_mut(id) {
                    let step = step.to_owned();
                    run.state = State::Parked { step, due_at };
                    self.trace.push(Trace::Parked {
                        journey: self
                            .contact
                            .run(id)
                            .map(|run| run.journey.clone())
                            .unwrap_or_default(),
                        step: self
                            .contact
                            .run(id)
                            .map(|run| run.step().to_owned())
                            .unwrap_or_default(),
                    });
                }
                Ok(())
            }
        }
    }

    /// What somebody who runs Wend wants.
    pub(super) fn obey(&mut self, command: &Command) -> Result<(), DecideError> {
        let origin = |properties: &Properties| Origin {
            input: command.id,
            partition: command.contact,
            at: command.at,
            properties: crate::personal::Personal::new(properties.clone()),
            is_public: false,
        };
        match &command.kind {
            CommandKind::Enroll { journey, data } => {
                self.admit(journey, None, None, &origin(data.expose()))
            }
            CommandKind::Scheduled {
                journey,
                occurrence,
            } => self.admit_scheduled(journey, *occurrence),
            CommandKind::Stop { journey } => {
                self.stop(journey);
                Ok(())
            }
            CommandKind::Lists { join, leave } => {
                for list in join {
                    self.list(list, true);
                }
                for list in leave {
                    self.list(list, false);
                }
                Ok(())
            }
            CommandKind::Attributes(attributes) => {
                for (name, value) in attributes.expose() {
                    self.set_attribute(name, value, command.at);
                }
                Ok(())
            }
            CommandKind::Touch => {
                self.resume();
                Ok(())
            }
        }
    }

    /// Ends the runs of a journey, and the entries that wait.
    pub(super) fn stop(&mut self, journey: &str) {
        let runs = self
            .contact
            .enrollments
            .iter()
            .filter(|run| run.journey == journey);
        let ids: Vec<EnrollmentId> = runs.map(|run| run.id).collect();
        for id in ids {
            self.end(id, EndReason::Stopped);
        }
        if self
            .contact
            .pending
            .iter()
            .any(|pending| pending.journey == journey)
        {
            self.contact
                .to_mut()
                .pending
                .retain(|pending| pending.journey != journey);
            self.trace.push(Trace::NotEntered {
                journey: journey.to_owned(),
                why: NotEntered::Overtaken,
            });
        }
    }
}
