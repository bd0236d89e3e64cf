// Text messages by Amazon SNS. Owns what SNS is told and what its refusals mean; when to try again is for delivery-worker.ts to
// decide, so the SDK makes one attempt each time.

import type { PublishCommandInput, SNSClient } from '@aws-sdk/client-sns';

import { DeliveryError } from './delivery.ts';
import type { Channel, SmsMessage } from './delivery.ts';
import type { SnsSettings } from './sms-settings.ts';

export interface SnsChannel extends Channel<SmsMessage> {
  close(): void;
}

/** What no later attempt can mend: the number, or that its owner wants no messages. */
const PERMANENT = ['InvalidParameterException', 'InvalidParameterValueException', 'OptedOutException'];

/** `timeoutMs`: until SNS must have answered, half of it to connect. */
export function createSnsChannel(settings: SnsSettings, timeoutMs = 10_000): SnsChannel {
  // The SDK takes more than 10 MB, so it is loaded only where it sends, with the first message.
  let connected: Promise<Connected> | undefined;
  const connection = () => (connected ??= connect(settings, timeoutMs));
  return {
    async send(message, _id, signal) {
      try {
        await (await connection()).publish(inputOf(message, settings), signal);
      } catch (error) {
        throw failure(error);
      }
    },
    close() {
      connected?.then(
        ({ client }) => client.destroy(),
        () => undefined,
      );
    },
  };
}

interface Connected {
  client: SNSClient;
  publish(input: PublishCommandInput, abortSignal: AbortSignal): Promise<unknown>;
}

async function connect(
  { region, endpoint, accessKeyId, secretAccessKey }: SnsSettings,
  timeoutMs: number,
): Promise<Connected> {
  const { PublishCommand, SNSClient } = await import('@aws-sdk/client-sns');
  const client = new SNSClient({
    region,
    ...(endpoint !== undefined && { endpoint }),
    ...(accessKeyId !== undefined &&
      secretAccessKey !== undefined && { credentials: { accessKeyId, secretAccessKey } }),
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: timeoutMs / 2,
      requestTimeout: timeoutMs,
      // Without it the SDK only logs that it waits too long.
      throwOnRequestTimeout: true,
    },
  });
  return { client, publish: (input, abortSignal) => client.send(new PublishCommand(input), { abortSignal }) };
}

/** SNS knows no id of ours: after an answer that was lost, the same code may come twice. */
function inputOf({ to, text }: SmsMessage, { senderId, originationNumber }: SnsSettings): PublishCommandInput {
  const attributes = {
    // Codes are worth the more reliable, dearer way; SNS would take them for advertising.
    'AWS.SNS.SMS.SMSType': 'Transactional',
    ...(senderId !== undefined && { 'AWS.SNS.SMS.SenderID': senderId }),
    ...(originationNumber !== undefined && { 'AWS.MM.SMS.OriginationNumber': originationNumber }),
  };
  return {
    PhoneNumber: to,
    Message: text,
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
    ),
  };
}

/** Says what went wrong by names: `ThrottledException 429`. The words of SNS quote the request, so they stay in the cause. */
function failure(cause: unknown): DeliveryError {
  const name = cause instanceof Error && /^\w{1,60}$/.test(cause.name) ? cause.name : 'unknown';
  return new DeliveryError([name, statusOf(cause)].join(' ').trim(), { permanent: PERMANENT.includes(name), cause });
}

function statusOf(error: unknown): string {
  if (!(error instanceof Error) || !('$metadata' in error)) return '';
  const metadata = error.$metadata;
  const isAnswer = typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata;
  return isAnswer ? String(metadata.httpStatusCode) : '';
}
